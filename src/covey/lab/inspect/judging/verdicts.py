"""Collects verdicts about one object, and what is known around it.

May import rules and the public state of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import CoveyError, UnsupportedError
from covey.lab.inspect.inspected import Finding
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.suites import SUITES
from covey.mls.tree import census, keys
from covey.mls.tree.ratchet_tree import RatchetTree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from covey.lab.inspect.inspected import Verdict
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import PublicState
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.tree import LeafNode

_TOLD: Final = 20  # places at which one rule is broken that are told one by one

STAND_IN: Final = get_suite(1)
"""A suite for subjects whose rules are asked only as far as they do not look at it."""

SUITE: Final = "the cipher suite (--suite)"
GROUP: Final = "the GroupInfo of its epoch (--group-info)"
APPLICATION: Final = "the application, which knows whom to believe"
PROPOSALS: Final = "the proposals that it refers to"
SENDER: Final = "its sender: the message that it came in"
AFTER: Final = "the tree after the proposals"
"""What an observer computes who follows a commit: see :meth:`Verdicts.settle`."""


class Surroundings(NamedTuple):
    """What is known besides the object itself.

    Attributes:
        suite: The code point of the cipher suite, if it was said.
        group_id: The group that the object belongs to, if that is known.
        now: Seconds since the epoch, by which lifetimes are judged; None judges none.
        group: The group that the object is for, or comes from.
        tree: The ratchet tree for a GroupInfo that carries none, encoded.
        threads: How many verify the signatures of a tree.
        provisional: Whether a tree is one after proposals, before the path of their commit.
    """

    suite: int | None = None
    group_id: bytes | None = None
    now: int | None = None
    group: PublicState | None = None
    tree: bytes | None = None
    threads: int = 1
    provisional: bool = False

    @property
    def group_suite(self) -> int | None:
        """The code point of the suite that a group is known to have; None when it is not."""
        return self.suite if self.group is None else self.group.suite.code


class Verdicts:
    """A list of findings that is being written."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, in order."""
        return tuple(self._found)

    def judge(self, rules: Iterable[Rule], subject: object, where: str = "") -> bool:
        """Ask rules about a subject; returns whether none is broken."""
        verdicts = [self.ask(rule, subject, where) for rule in rules]
        return "broken" not in verdicts

    def in_order(self, rules: Sequence[Rule], subject: object, where: str = "") -> bool:
        """Ask rules of which each relies on those before it."""
        for number, rule in enumerate(rules):
            if self.ask(rule, subject, where) != "holds":
                self.unknown(rules[number + 1 :], "what the rule before asks for", where)
                return False
        return True

    def ask(self, rule: Rule, subject: object, where: str = "") -> Verdict:
        """Ask one rule about a subject."""
        try:
            broken = rule.check(subject)
        except CoveyError as error:
            self.unknown((rule,), f"something else to be right: {error}", where)
            return "not judged"
        self.fact(rule.id, rule.section, rule.statement, broken, where)
        return "holds" if broken is None else "broken"

    def over(self, rule: Rule, subjects: Iterable[tuple[str, object]], of: str) -> None:
        """Ask one rule about many subjects, each with its place; ``of`` names them all."""
        broken: list[tuple[str, str]] = []
        for where, subject in subjects:
            detail = rule.check(subject)
            if detail is not None:
                broken.append((where, detail))
        self.many(rule.id, rule.section, rule.statement, broken, of)

    def many(
        self,
        rule: str,
        section: str,
        statement: str,
        broken: Sequence[tuple[str, str]],
        of: str,
    ) -> None:
        """Note what holds of all, or where it does not: (place, what broke it)."""
        if not broken:
            self.fact(rule, section, statement, None, of)
        for where, detail in broken[:_TOLD]:
            self.fact(rule, section, statement, detail, where)
        if len(broken) > _TOLD:
            more = f"and at {len(broken) - _TOLD} places more"
            self.fact(rule, section, statement, more, of)

    def fact(
        self, rule: str, section: str, statement: str, broken: str | None, where: str = ""
    ) -> None:
        """Note whether a check holds; ``broken`` says what broke it."""
        verdict: Verdict = "holds" if broken is None else "broken"
        self._found.append(Finding(rule, section, statement, verdict, broken or "", where))

    def unknown(self, rules: Iterable[Rule], needs: str, where: str = "") -> None:
        """Note rules that cannot be judged, and what would be needed."""
        for rule in rules:
            self.open(rule.id, rule.section, rule.statement, needs, where)

    def open(self, rule: str, section: str, statement: str, needs: str, where: str = "") -> None:
        """Note a check that cannot be judged, and what would be needed."""
        self._found.append(Finding(rule, section, statement, "not judged", f"needs {needs}", where))

    def settle(self, needs: str, rules: Collection[str], now: str | None = None) -> None:
        """What was needed has come: note what became of the checks that waited for it.

        Args:
            needs: What they needed.
            rules: The ids of the checks of which something has become known.
            now: None when they hold; else what they need now, empty to strike them out.
        """
        found, self._found = self._found, []
        for each in found:
            if each.detail != f"needs {needs}" or each.rule not in rules:
                self._found.append(each)
            elif now is None:
                self.fact(each.rule, each.section, each.statement, None, each.where)
            elif now:
                self.open(each.rule, each.section, each.statement, now, each.where)


def empty_tree(suite: Suite) -> RatchetTree:
    """A tree in which nobody is."""
    return RatchetTree(suite, 0, None, keys.EMPTY, census.EMPTY)


NO_TREE: Final = empty_tree(STAND_IN)
"""A tree for subjects whose rules are asked only as far as they do not look at it."""


def known_suite(code: int) -> Suite | None:
    """The suite of a code point; None when covey does not implement it."""
    try:
        return get_suite(code)
    except UnsupportedError:
        return None


def suite_of_leaf(leaf: LeafNode) -> Suite | None:
    """The suite that the keys of a leaf are of, by their form, the one that it lists first.

    Suites that differ in their AEAD only have the same keys; everything in a tree is the same.
    """
    listed = leaf.capabilities.cipher_suites
    order = sorted(SUITES, key=lambda code: listed.index(code) if code in listed else len(listed))
    for code in order:
        suite = SUITES[code]
        try:
            suite.check_hpke_public(leaf.encryption_key)
            suite.check_signature_public(leaf.signature_key)
        except CoveyError:
            continue
        return suite
    return None


def suite_for(leaf: LeafNode, around: Surroundings) -> Suite | None:
    """The suite by which to judge a leaf: what was said, that of the group, or by its keys."""
    if around.suite is not None:
        return known_suite(around.suite)
    return suite_of_leaf(leaf) if around.group is None else around.group.suite
