"""Who we are in groups of further cipher suites. May import the engine and the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.mls import Member
from covey.mls.crypto.dialects import get_suite, is_known
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.store.port import Rows, Store

_SIGNER: Final = "signer "
_SUITES: Final = "suites"


def upgrades_of(store: Store, wanted: Iterable[int]) -> tuple[int, ...]:
    """The suites to which our groups can be moved, and in which we can be invited.

    Args:
        store: In which it stands who we were in further suites, and of which groups or KeyPackages
            there are some: others may count on us there.
        wanted: Those that an application names.
    """
    with store.reading() as rows:
        kept = _kept(rows)
        known = rows.all("SELECT suite FROM packages UNION SELECT suite FROM groups ORDER BY 1")
    used = {each for (each,) in known if isinstance(each, int)} | kept
    return tuple(dict.fromkeys((*wanted, *filter(is_known, sorted(used)))))


def further_members(store: Store, member: Member, suites: Iterable[int]) -> list[Member]:
    """Who we are in further suites: with a key of its own for each further signature scheme.

    Args:
        store: Where those keys are kept, or are from now on, and of which suites there are some:
            while offline, we have no KeyPackages there yet that would say it.
        member: Who we are in the first one.
        suites: The further ones.
    """
    wanted = [each for each in suites if each != member.suite.code]
    with store.reading() as rows:
        signers = {each: _signer(rows, member, each) for each in wanted}
        is_kept = _kept(rows).issuperset(wanted)
    if None in signers.values() or not is_kept:
        with store.transaction() as rows:
            kept = sorted(_kept(rows).union(wanted))
            settings.put(rows, _SUITES, msgspec.msgpack.encode(kept))
            signers = {each: _signer(rows, member, each, begin=True) for each in wanted}
    return [
        Member.from_credential(
            *(member.credential, code),
            signer=signer,
            policy=member.policy,
            entropy=member.entropy,
        )
        for code, signer in signers.items()
    ]


def _kept(rows: Rows) -> set[int]:
    """The suites in which we were somebody."""
    kept = settings.get(rows, _SUITES)
    return set() if kept is None else msgspec.msgpack.decode(kept, type=set[int])


def _signer(rows: Rows, member: Member, code: int, *, begin: bool = False) -> bytes | None:
    """The private signature key for a suite; None if there is none yet, and none is to be made."""
    suite = get_suite(code)
    if suite.signature_scheme == member.suite.signature_scheme:
        return member.signer
    kept = f"{_SIGNER}{suite.signature_scheme}"
    signer = settings.get(rows, kept)
    if signer is None and begin:
        signer, _ = suite.generate_signature_keys(member.entropy)
        settings.put(rows, kept, signer)
    return signer
