"""What a Welcome and a GroupInfo must satisfy: every rule, kept and broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.rules import joining
from covey.mls.rules.joining import (
    GroupInfoSubject,
    JoinedTreeSubject,
    PsksSubject,
    SuccessorSubject,
)
from covey.mls.structs.components import with_app_data
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ReInit
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import ResumptionPSKUsage
from group_samples import extension, external_psk, found, resumption_psk
from rule_cases import Case, breaks, each_of, holds, without_cases

if TYPE_CHECKING:
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.schedule import PreSharedKeyID

GROUP = found("abc")[0]
MESSAGE = MLSMessage.decode(GROUP.group_info()).message
assert isinstance(MESSAGE, GroupInfo)
INFO: GroupInfo = MESSAGE
OLD = GROUP.context
REINIT = ReInit(b"new", 1, 1, (extension(1),))
NEW = OLD.replace(group_id=b"new", epoch=1, extensions=(extension(1),))
LAST = resumption_psk(ResumptionPSKUsage.reinit, epoch=OLD.epoch)
BRANCH = resumption_psk(ResumptionPSKUsage.branch, epoch=OLD.epoch)


def info(suite: int = 1, **changes: object) -> GroupInfoSubject:
    """A GroupInfo with a changed context."""
    context = INFO.group_context.replace(**changes)
    return GroupInfoSubject(INFO.replace(group_context=context), suite)


def joined(**changes: object) -> JoinedTreeSubject:
    """A GroupInfo, changed, and its tree."""
    return JoinedTreeSubject(INFO.replace(**changes), GROUP.tree)


def psks(*ids: PreSharedKeyID) -> PsksSubject:
    """The PSKs of a GroupSecrets in a suite with hashes of 32 bytes."""
    return PsksSubject(ids, 32)


def reinit(**changes: object) -> SuccessorSubject:
    """A group that continues another by ReInit."""
    return SuccessorSubject(NEW, OLD, LAST, REINIT, members_match=True)._replace(
        **changes  # type: ignore[arg-type]
    )


def branch(**changes: object) -> SuccessorSubject:
    """A group that continues another by branch."""
    return reinit(psk=BRANCH, reinit=None)._replace(**changes)  # type: ignore[arg-type]


def saying(*extensions: Extension) -> GroupInfoSubject:
    """A GroupInfo with other extensions."""
    return GroupInfoSubject(INFO.replace(extensions=extensions), 1)


CASES = [
    *holds(
        joining.info_app_data_decodes, info(), saying(extension(1), *with_app_data((), {1: b"x"}))
    ),
    *breaks(
        joining.info_app_data_decodes,
        (saying(extension(6)), "app_data_dictionary"),
        (saying(extension(6, bytes.fromhex("06000200000100"))), "do not increase"),
    ),
    *holds(joining.suites_match, info()),
    *breaks(
        joining.suites_match,
        (info(version=2), "version 2"),
        (info(cipher_suite=2), "suite 0x0002, not 0x0001"),
        (info(3), "suite 0x0001, not 0x0003"),
    ),
    *holds(joining.info_extensions_are_unique, info()),
    *breaks(
        joining.info_extensions_are_unique,
        (
            GroupInfoSubject(INFO.replace(extensions=(*INFO.extensions, INFO.extensions[0])), 1),
            "twice",
        ),
    ),
    *holds(joining.tree_hash_matches, joined()),
    *breaks(
        joining.tree_hash_matches,
        (joined(group_context=OLD.replace(tree_hash=bytes(32))), "another tree"),
        (joined(group_context=OLD.replace(tree_hash=b"")), "another tree"),
    ),
    *holds(joining.signer_is_a_member, joined(signer=2)),
    *breaks(
        joining.signer_is_a_member,
        (joined(signer=3), "leaf 3"),
        (joined(signer=2**32 - 1), "blank"),
    ),
    *holds(
        joining.one_successor_psk,
        psks(),
        psks(LAST, external_psk(), resumption_psk()),
        psks(BRANCH),
    ),
    *breaks(
        joining.one_successor_psk,
        (psks(LAST, BRANCH), "2"),
        (psks(LAST, external_psk(), resumption_psk(ResumptionPSKUsage.reinit, b"x")), "2"),
    ),
    *holds(joining.welcome_psk_nonces, psks(), psks(external_psk(), LAST)),
    *breaks(
        joining.welcome_psk_nonces,
        (psks(external_psk(nonce=bytes(31))), "31 bytes"),
        (psks(external_psk(), resumption_psk(nonce=b"")), "0 bytes"),
    ),
    *holds(
        joining.welcome_psks_are_different, psks(external_psk(), external_psk(nonce=b"\x01" * 32))
    ),
    *breaks(joining.welcome_psks_are_different, (psks(external_psk(), external_psk()), "twice")),
    *holds(joining.successor_is_in_epoch_one, reinit(), branch()),
    *breaks(
        joining.successor_is_in_epoch_one,
        (reinit(context=NEW.replace(epoch=2)), "epoch 2"),
        (branch(context=NEW.replace(epoch=0)), "epoch 0"),
    ),
    *holds(
        joining.psk_is_of_the_last_epoch,
        reinit(),
        branch(),
        branch(psk=resumption_psk(ResumptionPSKUsage.branch, epoch=OLD.epoch - 1)),
    ),
    *breaks(
        joining.psk_is_of_the_last_epoch,
        (reinit(psk=external_psk()), "another group"),
        (reinit(psk=resumption_psk(ResumptionPSKUsage.reinit, b"other", OLD.epoch)), "group"),
        (reinit(psk=resumption_psk(ResumptionPSKUsage.reinit, epoch=0)), "epoch 0"),
        (branch(psk=resumption_psk(ResumptionPSKUsage.branch, b"other")), "another group"),
    ),
    *holds(joining.old_group_was_reinitialized, reinit(), branch()),
    *breaks(joining.old_group_was_reinitialized, (reinit(reinit=None), "did not")),
    *holds(joining.successor_is_as_the_reinit_says, reinit(), branch(reinit=REINIT)),
    *breaks(
        joining.successor_is_as_the_reinit_says,
        (reinit(context=NEW.replace(group_id=b"x")), "group_id"),
        (reinit(context=NEW.replace(version=2)), "version"),
        (reinit(context=NEW.replace(cipher_suite=2)), "cipher_suite"),
        (reinit(context=NEW.replace(extensions=())), "extensions"),
    ),
    *holds(
        joining.branch_keeps_the_parameters, branch(), reinit(context=NEW.replace(cipher_suite=2))
    ),
    *breaks(
        joining.branch_keeps_the_parameters,
        (branch(context=NEW.replace(cipher_suite=3)), "suite"),
        (branch(context=NEW.replace(version=2)), "version"),
    ),
    *holds(joining.reinit_is_followed_by_its_link, joining.UnlinkedSubject(None)),
    *breaks(
        joining.reinit_is_followed_by_its_link,
        (joining.UnlinkedSubject(ReInit(b"x", 1, 1, ())), "names none"),
    ),
    *holds(joining.all_old_members_are_in_the_new_group, reinit(), branch(members_match=False)),
    *breaks(joining.all_old_members_are_in_the_new_group, (reinit(members_match=False), "are not")),
    *holds(joining.branch_has_only_old_members, branch(), reinit(members_match=False)),
    *breaks(joining.branch_has_only_old_members, (branch(members_match=False), "are not")),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(joining, CASES) == set()
