"""The keyring of the operating system, as the keeper of a store's key.

May import the keys and the errors. The package ``keyring`` is imported when it is needed: it looks
for what the machine has (macOS Keychain, Windows Credential Locker, Secret Service, KWallet).
"""

from __future__ import annotations

import binascii
import importlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Final

from covey.mls.crypto.entropy import system_entropy
from covey.store.errors import NoKeyring
from covey.store.keys import Kind

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy

_KEY: Final = 32
_INSTEAD: Final = "or use a passphrase"


class OsKeyring:
    """A random key that the keyring keeps; it is made when the first store with it is begun.

    It is never overwritten: stores that name the same account share it, and have different keys
    nevertheless, since those depend on the head of each file.

    Args:
        service: Whose entry it is, such as the application's name.
        account: Which of them, such as the path of the store.
        entropy: Where randomness comes from.
    """

    __slots__ = ("_entropy", "account", "service")

    def __init__(self, service: str, account: str, entropy: Entropy = system_entropy) -> None:
        self.service: str = service
        self.account: str = account
        self._entropy = entropy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.service!r}, {self.account!r})"

    @property
    def kind(self) -> Kind:
        """By a key."""
        return Kind.key

    def master(self, named: bytes, *, begin: bool) -> bytes:
        """The key in the keyring (see ``StoreKey``).

        Raises:
            NoKeyring: There is no keyring, it is locked, or has no such key.
        """
        del named
        keyring = _package()
        try:
            text = keyring.get_password(self.service, self.account)
            if text is None and begin:
                made = b64encode(self._entropy(_KEY)).decode()
                keyring.set_password(self.service, self.account, made)
                text = keyring.get_password(self.service, self.account)
                if text != made:
                    raise NoKeyring(
                        self._said(f"does not keep what it is given; unlock it, {_INSTEAD}")
                    )
        except keyring.errors.NoKeyringError:
            msg = (
                "this machine has no keyring that can be used: install one (on Linux a Secret "
                f"Service such as GNOME Keyring or KWallet, with a session on D-Bus), {_INSTEAD}"
            )
            raise NoKeyring(msg) from None
        except keyring.errors.KeyringError as error:
            raise NoKeyring(
                self._said(f"refused ({type(error).__name__}): unlock it and try again, {_INSTEAD}")
            ) from None
        if text is None:
            msg = (
                "has no such entry: it was removed, or the store comes from another machine or user"
            )
            raise NoKeyring(self._said(f"{msg}; restore a backup"))
        return self._decoded(text)

    def _decoded(self, text: str) -> bytes:
        try:
            key = b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY:
            raise NoKeyring(
                self._said("has something else there than a key of covey: name another")
            )
        return key

    def _said(self, what: str) -> str:
        return f"the keyring, asked for {self.account!r} of {self.service!r}, {what}"


def _package() -> Any:  # noqa: ANN401 - it is looked at only when it is used
    try:
        importlib.import_module("keyring.errors")
        return importlib.import_module("keyring")
    except ModuleNotFoundError as missing:
        msg = (
            "to keep a key in the operating system's keyring takes the package keyring, which is "
            f"not installed: pip install 'covey[client]', {_INSTEAD}"
        )
        raise NoKeyring(msg) from missing
