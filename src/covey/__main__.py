"""The program ``covey``, also as ``python -m covey``. May import the command line only.

The engine needs no command line, so a bare install has none; this says how to get it.
"""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line, or say what it takes to have one."""
    try:
        from covey.cli.main import main  # noqa: PLC0415 - it may not be installed
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] == "covey":
            raise
        sys.exit(
            f"covey: the command line needs {missing.name}, which is not installed;\n"
            "install it with: pip install 'covey[all]'"
        )
    main()


if __name__ == "__main__":
    run()
