"""KeyPackages at the broker whose keys we have not are withdrawn.

A restored store has the keys of none that were published before. And a broker that was set back has
those of then on its shelf: it shows in the log of a group, or when somebody uses one, and the
pointer is for none of ours.

May import the device, the rows and the settings. The broker drops a device's KeyPackages with the
device; so a passing one takes it out of the account, and puts it back. Whatever was interrupted is
done again from the beginning; each step done twice is done once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.refusals import Code
from covey.client.sync.identity.device import Device
from covey.errors import BrokerError
from covey.mls.crypto.mac import hmac_digest
from covey.store import settings
from covey.store.backup import RESTORED

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.store.port import Rows

_SUSPECT: Final = "shelf is suspect"
_WITHDRAWN: Final = "shelf withdrawn at"
_EVERY: Final = 3_600  # seconds: whoever claims one of ours can leave a pointer that is for none
_LABEL: Final = b"covey client 1 passing device"


def suspect(rows: Rows, now: int) -> None:
    """Let those at the broker be withdrawn: it was set back, or a pointer is for none of ours.

    Args:
        rows: The transaction.
        now: In seconds since the epoch.
    """
    at = settings.get(rows, _WITHDRAWN)
    if at is None or not 0 <= now - int(at) < _EVERY:
        settings.put(rows, _SUSPECT, b"\x01")


def is_suspect(home: Home) -> bool:
    """Whether they are to be withdrawn."""
    with home.store.reading() as rows:
        return settings.get(rows, _SUSPECT) is not None


def withdraw(home: Home, device: Device) -> Flow[bool]:
    """Withdraw what is at the broker, if its keys may not be here; whether there was a need to.

    The device keeps its key, so that the same backup can be restored once more.

    Args:
        home: Whose store it is.
        device: The account's device.

    Raises:
        BrokerError: ``account_unknown``: the device was taken out of the account.
        TransportError: The broker does not answer.
    """
    with home.store.reading() as rows:
        if settings.get(rows, RESTORED) is None and settings.get(rows, _SUSPECT) is None:
            return False
    passing = _passing(device)
    name = home.identity.decode()
    try:
        yield from device.add_device(passing.to_be_added(name))
    except BrokerError as error:
        if error.code == Code.full:  # there is no room for one more: the old ones expire
            with home.store.transaction() as rows:
                _done(rows, home.world.second)
            return False
        if error.code != Code.account_unknown:  # else it is out already, and comes in again
            raise
    yield from passing.remove_device(device.key)
    yield from passing.add_device(device.to_be_added(name))
    yield from device.remove_device(passing.key)
    with home.store.transaction() as rows:
        _done(rows, home.world.second)
    return True


def _done(rows: Rows, now: int) -> None:
    for name in (RESTORED, _SUSPECT):
        settings.drop(rows, name)
    settings.put(rows, _WITHDRAWN, str(now).encode())


def _passing(device: Device) -> Device:
    """The device that stands in for another one, whose key is made of that one's.

    So it is the same in every store that is restored from a backup, however the others ended: else
    it could be the only one in the account, and its key be gone. Nobody who has not the device's
    key, which rules the account, learns anything of it.
    """
    return Device(device.broker_id, hmac_digest(device.seed, _LABEL, "sha256"))
