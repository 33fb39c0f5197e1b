"""What the package imports is what it says it needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tracked import ROOT, name_of, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _names(requirements: list[str]) -> set[str]:
    names = (re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in requirements)
    return set(map(_normal, names))


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def _imports(*folders: str) -> dict[str, str]:
    """The distributions that the files of some folders import, each with a file that does."""
    found: dict[str, str] = {}
    for path in python_files(*folders):
        for node in ast.walk(ast.parse(path.read_bytes())):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            for module in modules:
                found[module.split(".")[0]] = name_of(path)
    installed = packages_distributions()
    return {
        _normal(distribution): path
        for module, path in found.items()
        if module not in sys.stdlib_module_names and module != "covey"
        for distribution in installed.get(module, [module])
    }


def test_the_engine_imports_what_every_install_has() -> None:
    imported = _imports("src/covey/mls")
    assert set(imported) == _names(PROJECT["dependencies"]), imported


def test_the_rest_imports_what_an_extra_has() -> None:
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    imported = _imports("src")
    assert set(imported) <= _names(PROJECT["dependencies"] + extras), imported
