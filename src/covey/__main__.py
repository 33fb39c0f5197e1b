"""``python -m covey``: the same as the program ``covey``. May import the command line only."""

from __future__ import annotations

from covey.cli.main import main

if __name__ == "__main__":
    main()
