"""What a commit changes: as a sentence, for rules of an application, and before it is made."""

from __future__ import annotations

import pytest

from client.team import Team
from covey import mls
from covey.access.member.addresses import moved_on, with_capabilities
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, Right
from covey.client.roles import Change, dry_run
from covey.client.roles.policy import OwnRuleError
from covey.client.words.profile import Role
from covey.errors import PolicyError, StateError
from covey.mls import ContentType, Extension
from covey.mls.schedule.secret_tree import SecretTree


def test_a_change_is_a_sentence() -> None:
    here = Team("bob", "cat")
    wanted = with_capabilities(
        here.profile(name="crew", inviting=2, expires_after=60, roles={"bob": 2}),
        GroupCapabilities((GroupCapability(bytes(32), here.opener("amy"), 500_000, Right.join),)),
    )
    judged = dry_run(
        here.groups["amy"],
        add=[here.package("dan"), here.package("eve")],
        remove=[here.leaf("cat")],
        extensions=(*wanted, Extension(0x0005, b"\0")),
    )
    assert judged.refused is None
    assert str(judged) == (
        "amy adds dan and eve, removes cat, renames the group to 'crew', makes bob admin, "
        "lets admins invite, lets messages disappear after 60 seconds, opens a door to join and "
        "changes extensions 0x0005"
    )
    change = judged.change
    assert change is not None
    assert change.renamed == ("team", "crew")
    assert change.roles == {"bob": (Role.member, Role.admin)}
    assert [each.identity for each in change.removed] == [b"cat"]


def test_who_leaves_is_not_removed() -> None:
    here = Team("bob", "cat")
    here.spread("bob", here.groups["bob"].leave())
    judged = dry_run(here.groups["cat"])
    assert judged.change is not None
    assert judged.change.removed == ()
    assert str(judged) == "cat lets go bob"


def test_nothing_but_keys() -> None:
    assert str(dry_run(Team("bob").groups["bob"], update=True)) == "bob renews keys"


def test_an_ending_and_a_closed_door() -> None:
    here = Team("bob")
    door = GroupCapability(bytes(32), here.opener("amy"), 500_000, Right.recover)
    base = here.groups["amy"].extensions
    here.commit("amy", extensions=with_capabilities(base, GroupCapabilities((door,))))
    assert "closes a door to recover" in str(dry_run(here.groups["bob"], extensions=base))


def test_a_move_names_the_suite_for_the_rules_of_an_application() -> None:
    here = Team("bob")
    amy = here.groups["amy"]
    after = moved_on(amy.group_id, amy.extensions, amy.epoch + 1)
    judged = dry_run(amy, reinit=mls.ReInit(b"next" * 8, 1, 3, after))
    assert str(judged) == (
        "amy moves the group to MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"
    )
    assert judged.change is not None
    assert judged.change.moves_to == 3
    unknown = dry_run(amy, reinit=mls.ReInit(b"next" * 8, 1, 0xEEEE, after))
    assert "0xeeee" in str(unknown)


# --- dry runs ------------------------------------------------------------------------------


def test_a_dry_run_says_who_may_not() -> None:
    here = Team("bob", "cat")
    judged = dry_run(here.groups["bob"], remove=[here.leaf("cat")])
    assert judged.refused == "bob may not remove cat: in this group admins remove members"
    assert str(judged) == f"bob removes cat (refused: {judged.refused})"


def test_a_dry_run_says_what_makes_no_sense() -> None:
    here = Team("bob")
    bob = here.groups["bob"]
    assert dry_run(bob, remove=[7]).refused == "there is no member at leaf 7"
    assert dry_run(bob, references=[b"unknown"]).change is None
    refused = dry_run(here.groups["amy"], add=[here.package("x").message, here.package("y")] * 2)
    assert refused.change is None
    assert refused.refused is not None
    damaged = (*here.groups["amy"].extensions[:-1], Extension(0xF0C4, b"\0"))
    assert dry_run(here.groups["amy"], extensions=damaged).refused is not None


def test_a_dry_run_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Team("bob", "cat")
    here.spread("bob", here.groups["bob"].propose_update())
    amy = here.groups["amy"]
    before = amy.snapshot()

    def apply(*_: object) -> None:
        msg = "a key was used up"
        raise AssertionError(msg)

    monkeypatch.setattr(SecretTree, "apply", apply)
    judged = dry_run(amy, add=[here.package("dan")], psks=[])
    assert judged.change is not None
    assert [each.identity for each in judged.change.updated] == [b"bob"]
    assert amy.snapshot() == before
    assert amy.next_generation(ContentType.commit) == 0
    assert amy.pending is None


def test_a_dry_run_foresees_what_the_commit_does() -> None:
    here = Team("bob", "cat")
    here.spread("bob", here.groups["bob"].leave())
    package = here.package("dan")
    judged = dry_run(here.groups["amy"], add=[package])
    chosen = [each.reference for each in here.groups["amy"].proposals]
    assert dry_run(here.groups["amy"], add=[package], references=chosen) == judged
    pending = here.groups["amy"].commit(add=[package])
    state = mls.PublicState(pending.epoch.public.context, b"", here.groups["amy"].tree, b"", b"")
    assert judged.change is not None
    made = Change.of(pending.changed, state)
    assert (made.who, made.added, made.left) == (
        judged.change.who,
        judged.change.added,
        judged.change.left,
    )


def test_who_is_out_tries_nothing() -> None:
    here = Team("bob", "cat")
    here.commit("amy", remove=[here.leaf("bob")])
    with pytest.raises(StateError):
        dry_run(here.groups["bob"])


# --- an application's rules ----------------------------------------------------------------


def small(change: Change) -> str | None:
    return "this group stays small" if change.added else None


def test_an_application_refuses_with_a_sentence() -> None:
    here = Team(functions=(small,))
    assert dry_run(here.groups["amy"], add=[here.package("bob")]).refused == (
        "this group stays small"
    )
    with pytest.raises(PolicyError, match="stays small"):
        here.groups["amy"].commit(add=[here.package("bob")])


@pytest.mark.parametrize("described", [True, False], ids=["ours", "foreign"])
def test_an_applications_rule_holds_for_what_comes_in(described: bool) -> None:  # noqa: FBT001
    def no_renewal(change: Change) -> str | None:
        return "cat may not renew" if change.who.identity == b"cat" else None

    here = Team("bob", "cat", functions=(no_renewal,), described=described)
    assert here.refusal("cat") == "cat may not renew"
    here.commit("bob")


def test_a_rule_that_fails_refuses_and_is_named() -> None:
    def buggy(change: Change) -> str | None:
        return {"team": None}[change.renamed[1]] if change.renamed else None

    here = Team("bob", functions=(buggy,))
    sentence = (
        "the application's own rule test_a_rule_that_fails_refuses_and_is_named.<locals>.buggy"
        " fails, by KeyError, and so it refuses: mend it"
    )
    assert here.refusal("amy", extensions=here.profile(name="crew")) == sentence
    with pytest.raises(OwnRuleError) as caught:
        here.groups["amy"].commit(extensions=here.profile(name="crew"))
    assert isinstance(caught.value.__cause__, KeyError)
    assert dry_run(here.groups["amy"], extensions=here.profile(name="crew")).own_rule
    here.commit("bob")


@pytest.mark.parametrize("answer", [False, 5])
def test_a_rule_that_answers_by_no_sentence_refuses_and_is_named(answer: object) -> None:
    class Odd:
        def __call__(self, change: Change) -> object:
            return answer if change.removed else None

    here = Team("bob", functions=(Odd(),))  # type: ignore[arg-type]
    with pytest.raises(OwnRuleError, match="Odd answers by no sentence: a rule refuses by one"):
        here.groups["amy"].commit(remove=[here.leaf("bob")])


def test_a_rule_may_refuse_by_an_error() -> None:
    def strict(change: Change) -> str | None:
        if change.removed:
            msg = "nobody goes"
            raise PolicyError(msg)
        return None

    here = Team("bob", functions=(strict,))
    with pytest.raises(OwnRuleError, match="nobody goes"):
        here.groups["amy"].commit(remove=[here.leaf("bob")])


def test_what_only_a_rule_of_the_application_refuses_is_said_to_be_so() -> None:
    def never(change: Change) -> str | None:
        return "nobody goes" if change.removed else None

    here = Team("bob", functions=(never,))
    judged = dry_run(here.groups["amy"], remove=[1])
    assert judged.own_rule
    assert str(judged) == (
        "amy removes bob (refused, by a rule that holds only whose application has it: nobody goes)"
    )
    assert not dry_run(here.groups["bob"], remove=[0]).own_rule  # that is for owners
