"""A group with roles, made by the public API: honest members, and copies of them that cheat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey import mls
from covey.access.member.addresses import extension, with_capabilities
from covey.access.structs.extensions import GroupCapabilities, Succession
from covey.client.roles import GroupPolicy
from covey.client.words import profile
from covey.client.words.profile import Inviting
from covey.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.client.roles.policy import Function

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
LENIENT = mls.Policy(extension_types=profile.EXTENSION_TYPES)


class Team:
    """A group in which amy is owner, and all members are in the same epoch.

    Args:
        names: Of the others; ``bob`` and ``bob/2`` are two devices of one person.
        roles: Roles of the others.
        inviting: Who may invite.
        functions: Further rules.
        described: Whether the group has a profile.
        suite: Its cipher suite.
        quantum_safe: Whether it takes quantum-safe suites only.
        moved: Whether it says that it took the place of another one in its log.
    """

    def __init__(
        self,
        *names: str,
        roles: dict[str, int] | None = None,
        inviting: int = Inviting.members,
        functions: tuple[Function, ...] = (),
        described: bool = True,
        suite: int = SUITE,
        quantum_safe: bool = False,
        moved: bool = False,
    ) -> None:
        self.suite = suite
        self.policy = GroupPolicy(functions=functions)
        self.members = {name: self.member(name) for name in ("amy", *names)}
        packages = {name: self.members[name].key_package() for name in names}
        extensions = with_capabilities((), GroupCapabilities(()))
        if described:
            first = profile.first_profile(
                "team", b"amy", inviting=Inviting(inviting), quantum_safe=quantum_safe
            )
            extensions = profile.with_profile(extensions, profile.changed(first, roles=roles))
        if moved:
            extensions = (*extensions, extension(Succession(b"before", 7)))
        amy = mls.Group.create(self.members["amy"], extensions=extensions)
        self.groups = {"amy": amy}
        if names:
            pending = amy.commit(add=list(packages.values()))
            amy.accept(pending)
            for name in names:
                self.groups[name] = mls.Group.join(
                    self.members[name], packages[name], pending.welcomes[0].message
                )

    def member(self, name: str) -> mls.Member:
        """Somebody with keys of its own."""
        return mls.Member.basic(name.partition("/")[0].encode(), self.suite, policy=self.policy)

    def package(self, name: str) -> mls.PrivateKeyPackage:
        """A KeyPackage of a stranger, or of a new device."""
        return self.member(name).key_package()

    def cheat(self, name: str) -> mls.Group:
        """A copy of a member's group that thinks nothing of roles."""
        return mls.Group.restore(self.groups[name].snapshot(), mls.Ports(LENIENT))

    def leaf(self, name: str) -> int:
        """The leaf of a member."""
        return self.groups[name].own_index

    def opener(self, name: str) -> bytes:
        """How capabilities name somebody who has opened them."""
        leaf = self.groups[name].tree.leaf(self.leaf(name))
        assert leaf is not None
        return profile.opener_at(leaf)

    def profile(self, **change: Any) -> tuple[mls.Extension, ...]:  # noqa: ANN401 - see profile.changed
        """The extensions with a changed profile."""
        extensions = self.groups["amy"].extensions
        before = profile.profile_of(extensions)
        assert before is not None
        return profile.with_profile(extensions, profile.changed(before, **change))

    def commit(self, name: str, **wanted: Any) -> None:  # noqa: ANN401 - see Group.commit
        """Let a member commit, and all others take it in."""
        group = self.groups[name]
        pending = group.commit(**wanted)
        self.spread(name, pending.message)
        group.accept(pending)
        assert len({each.epoch_authenticator for each in self.there}) == 1

    def spread(self, name: str, message: bytes) -> None:
        """Let all others take in a message."""
        for other, group in self.groups.items():
            if other != name and group.is_active:
                group.receive(message)

    @property
    def there(self) -> Sequence[mls.Group]:
        """The groups of those who are in it."""
        return [each for each in self.groups.values() if each.is_active]

    def refusal(self, name: str, **wanted: Any) -> str:  # noqa: ANN401 - see Group.commit
        """The sentence by which a commit is refused: by who wants it, and by all who get it."""
        sentences = [_refused(lambda: self.groups[name].commit(**wanted))]
        forged = self.cheat(name).commit(**wanted).message
        for other, group in self.groups.items():
            if other != name:
                before = group.snapshot()
                sentences.append(_refused(lambda group=group: group.receive(forged)))  # type: ignore[misc]
                assert group.snapshot() == before
        [sentence] = set(sentences)
        return sentence


def _refused(action: Any) -> str:  # noqa: ANN401 - anything that can be called
    try:
        action()
    except PolicyError as error:
        return str(error.args[0])
    msg = "it was not refused"
    raise AssertionError(msg)
