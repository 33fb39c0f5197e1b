"""Which store a command is about, and what opens it.

May import the store. A store is one file: that of ``--store``, or in the folder for a program's
data one for each identity, by name.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote

import click

from covey.errors import StorageError
from covey.store import Kind, OsKeyring, Passphrase, StoreMissing, opened_by

if TYPE_CHECKING:
    from covey.store import StoreKey

VARIABLE: Final = "COVEY_PASSPHRASE"
"""The variable that may hold the passphrase of a store."""

_SUFFIX: Final = ".covey"
_LONGEST: Final = 200  # bytes of a file's name that every file system takes, with what is beside it
_KEYRING: Final = OsKeyring("covey", "stores")


class Where(NamedTuple):
    """Which store was meant, as the command line says it.

    Attributes:
        store: The file, if it was said.
        name: The identity, if it was said.
    """

    store: Path | None
    name: str | None

    def present(self) -> Path:
        """The file, which is there.

        Raises:
            StorageError: It is not, or it was not said which of several.
        """
        if self.store is not None:
            if not self.store.exists():
                msg = f"there is no store {self.store}: begin one with {_begin()} --store FILE"
                raise StoreMissing(msg)
            return self.store
        there = names()
        if not there:
            msg = f"there is no identity yet: begin one with {_begin()}"
            raise StoreMissing(msg)
        if self.name is None and len(there) > 1:
            msg = f"there are {', '.join(there)}: say which one with --as NAME, or set COVEY_AS"
            raise StorageError(msg)
        name = there[0] if self.name is None else self.name
        if name not in there:
            says = ", as COVEY_AS says" if os.environ.get("COVEY_AS") == name else ""
            have = f"there is {', '.join(there)}; begin another with {_begin(name)}"
            msg = f"there is no identity {name!r} here{says}: {have}"
            raise StoreMissing(msg)
        return folder() / _file_of(name)

    def new(self, name: str) -> Path:
        """Where the file of a new identity shall be; its folder is made if need be.

        Raises:
            StorageError: The name is too long for a file.
        """
        if self.store is not None:
            return self.store
        file = _file_of(name)
        if len(file) > _LONGEST:
            msg = "the name is too long for a file: say another one with --store FILE"
            raise StorageError(msg)
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder() / file


def names() -> list[str]:
    """Whose stores are in the folder."""
    found = folder().glob(f"*{_SUFFIX}")
    return sorted(unquote(each.stem) for each in found if each.is_file())


def folder() -> Path:
    """Where stores are, if nothing else is said: where the system keeps programs' data."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "covey"


def key_of(store: Path) -> StoreKey:
    """What opens a store that is there: the keyring's key, or a passphrase, which is asked for.

    Raises:
        StorageError: It is no store, or there is nobody to ask.
    """
    if opened_by(store) is Kind.key:
        return _KEYRING
    return passphrase(f"Passphrase of {store.name}")


def new_key(what: str, *, in_keyring: bool) -> StoreKey:
    """What shall open a new store.

    Args:
        what: The store, for people.
        in_keyring: Whether the operating system shall keep it.
    """
    return _KEYRING if in_keyring else passphrase(f"New passphrase for {what}", twice=True)


def passphrase(prompt: str, *, twice: bool = False) -> Passphrase:
    """The passphrase of a store (see :func:`words`)."""
    return Passphrase(words(prompt, VARIABLE, twice=twice))


def words(prompt: str, variable: str, *, twice: bool = False) -> str:
    """A passphrase, from its variable or from who sits at the terminal.

    Args:
        prompt: What is asked for.
        variable: The variable that may hold it.
        twice: Whether it is new, and so is typed twice.

    Raises:
        StorageError: There is neither.
    """
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        msg = f"a passphrase is needed, and nobody is there to type it: set {variable}"
        raise StorageError(msg)
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    return typed


def _file_of(name: str) -> str:
    """A name of a file for a name, whatever characters that has."""
    return quote(name, safe=" ").replace(".", "%2E") + _SUFFIX


def _begin(name: str = "NAME") -> str:
    return f"`covey init {name} --broker URL`"
