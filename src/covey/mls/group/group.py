"""The group: one object with which an application does everything RFC 9420 offers.

May import all of :mod:`covey.mls`. The facade holds one frozen state and replaces it in one
assignment per call; whatever raises leaves it as it was. Clock and entropy are parameters
with the system's as defaults (:class:`~covey.mls.group.core.Ports`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from covey.errors import StateError
from covey.mls.group import (
    external,
    founding,
    join,
    proposing,
    psks,
    receiving,
    restoring,
    successors,
)
from covey.mls.group.core import Ports, ports_of
from covey.mls.group.events import member_info
from covey.mls.group.listening import Listening
from covey.mls.group.member import CLOCK_TOLERANCE, PrivateKeyPackage
from covey.mls.group.policy import DAY
from covey.mls.group.results import Founded, JoinedExternally, Membership
from covey.mls.group.state import first_state
from covey.mls.group.storing import Ledger
from covey.mls.rules.registry import Local, Remote
from covey.mls.structs.extensions import Extension
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import Lifetime
from covey.mls.structs.welcome import Welcome
from covey.mls.wire.code_points import ProtocolVersion, ResumptionPSKUsage
from covey.mls.wire.struct import as_a, as_all, as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from covey.mls.group.committing import CommitOptions
    from covey.mls.group.events import MemberInfo
    from covey.mls.group.external import ExternalOptions
    from covey.mls.group.join import Joined
    from covey.mls.group.member import Member
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.schedule import PreSharedKeyID


class StagedWelcome:
    """A Welcome that has been verified: look, then ``accept`` it.

    Args:
        joined: The group as the Welcome describes it.
        ports: What the group will use.
    """

    __slots__ = ("_accepted", "joined", "ports")

    def __init__(self, joined: Joined, ports: Ports) -> None:
        self.joined: Joined = joined
        self.ports: Ports = ports
        self._accepted: bool = False

    def __repr__(self) -> str:
        return f"StagedWelcome({self.joined.epoch.public.tree.census.members} members)"

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        public = self.joined.epoch.public
        return page.of_group(public.context, public.tree, notes={"joined": self._accepted})

    @property
    def members(self) -> list[MemberInfo]:
        """Who is in it."""
        tree = self.joined.epoch.public.tree
        return [member_info(index, leaf) for index, leaf in tree.members()]

    @property
    def group_id(self) -> bytes:
        """The group_id."""
        return self.joined.info.group_context.group_id

    @property
    def extensions(self) -> Sequence[Extension]:
        """The extensions of the GroupInfo, unknown ones included (VAL-191)."""
        return self.joined.info.extensions

    @property
    def signer(self) -> int:
        """The leaf index of who welcomes us."""
        return self.joined.info.signer

    def accept(self) -> Group:
        """Join. A Welcome makes one group: two of them would use the same keys.

        Raises:
            StateError: It has been accepted before.
        """
        if self._accepted:
            msg = "this Welcome has been accepted already"
            raise StateError(msg)
        self._accepted = True
        return Group(first_state(self.joined.epoch, self.joined.secret_tree), self.ports)


class Group(Listening):
    """A member's view of a group."""

    __slots__ = ()

    # --- beginning ---------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        member: Member,
        *,
        group_id: bytes | None = None,
        extensions: Iterable[Extension] = (),
        leaf_extensions: Iterable[Extension] = (),
        ports: Ports | None = None,
    ) -> Group:
        """Create a group of one (§11).

        Args:
            member: Who creates it.
            group_id: Nh random bytes by default.
            extensions: Of the GroupContext.
            leaf_extensions: Of the creator's leaf.
            ports: Policy, PSKs, entropy and clock; the member's policy by default.

        Raises:
            LocalProtocolError: An extension cannot be used so.
        """
        ports = ports_of(member, ports)
        group_id = ports.entropy(member.suite.Nh) if group_id is None else as_bytes(group_id)
        now = ports.now()
        epoch, secret_tree = founding.create(
            member,
            group_id,
            as_all(Extension, extensions),
            as_all(Extension, leaf_extensions),
            Lifetime(max(now - CLOCK_TOLERANCE, 0), now + 90 * DAY),
            ports.entropy,
            ports.check(Local),
        )
        return cls(first_state(epoch, secret_tree), ports)

    @classmethod
    def found(
        cls,
        member: Member,
        packages: Iterable[bytes | KeyPackage],
        *,
        group_id: bytes | None = None,
        extensions: Iterable[Extension] = (),
        psks: Iterable[bytes | PreSharedKeyID] = (),
        ports: Ports | None = None,
        **options: Unpack[CommitOptions],
    ) -> Founded[Group]:
        """Create a group with its first members: one commit, one Welcome (§11).

        Raises:
            LocalProtocolError: A KeyPackage is not valid, or all support a better suite.
        """
        parsed = [proposing.key_package(package) for package in packages]
        ours = tuple(options.get("leaf_extensions") or ())
        if ours:
            options["leaf_extensions"] = ours
        group = cls.create(
            member, group_id=group_id, extensions=extensions, leaf_extensions=ours, ports=ports
        )
        if not options.get("successor", False):  # whose suite is given (§11.2, §11.3)
            founding.check_suite_is_best(member.suite.code, group.ports.policy.suites, parsed)
        options.setdefault("path", True)
        if group.ports.require_reserved:
            founding.reserve_first(group._state)  # noqa: SLF001 - of our own class
        commit = group.commit(add=parsed, psks=psks, **options)
        group.accept(commit)
        return Founded(group, commit, commit.welcomes)

    @classmethod
    def stage_welcome(
        cls,
        member: Member,
        package: PrivateKeyPackage,
        message: bytes,
        *,
        ratchet_tree: bytes | None = None,
        successor_of: Group | Membership | None = None,
        groups: Iterable[bytes] = (),
        ports: Ports | None = None,
    ) -> StagedWelcome:
        """Verify a Welcome, to look at before joining (§12.4.3.1).

        Args:
            member: Who joins.
            package: The KeyPackage by which we were added, with its private keys. It may be
                from before the member's key or credential was changed, not from before both:
                by one of the two, identity or signature key, it has to be the member's.
            message: The Welcome.
            ratchet_tree: The tree, when the Welcome does not carry it.
            successor_of: Our group that the new one continues, or what was kept of its epoch.
            groups: The group_ids of our other groups (VAL-188).
            ports: Policy, PSKs, entropy and clock; the member's policy by default.

        Raises:
            StateError: The Welcome is not for this KeyPackage, or that is not the member's, or
                something is missing.
            ProtocolError: A rule is broken.
            AuthenticationError: Something does not verify.
            MissingKeyError: A PSK is not known.
        """
        ports = ports_of(member, ports)
        join.require_own(as_a(PrivateKeyPackage, package), member)
        welcome = receiving.decode_message(message).message
        if not isinstance(welcome, Welcome):
            msg = f"a Welcome is needed, this is a {type(welcome).__name__}"
            raise StateError(msg)
        old = successor_of._state if isinstance(successor_of, Group) else successor_of  # noqa: SLF001 - of our own class
        sources = join.Sources(ports.psks, ports.resumption(old))
        check = ports.check(Remote)
        joined = join.join(package, member.suite, welcome, ratchet_tree, sources, check)
        join.not_twice(joined.info.group_context.group_id, tuple(groups))
        successors.check_successor(joined, old, check)
        return StagedWelcome(joined, ports)

    @classmethod
    def join(
        cls,
        member: Member,
        package: PrivateKeyPackage,
        message: bytes,
        *,
        ratchet_tree: bytes | None = None,
        successor_of: Group | Membership | None = None,
        groups: Iterable[bytes] = (),
        ports: Ports | None = None,
    ) -> Group:
        """Join a group by a Welcome; see ``stage_welcome`` for arguments and errors."""
        staged = cls.stage_welcome(
            member,
            package,
            message,
            ratchet_tree=ratchet_tree,
            successor_of=successor_of,
            groups=groups,
            ports=ports,
        )
        return staged.accept()

    @classmethod
    def join_externally(
        cls,
        member: Member,
        group_info: bytes,
        *,
        ratchet_tree: bytes | None = None,
        ports: Ports | None = None,
        **options: Unpack[ExternalOptions],
    ) -> JoinedExternally[Group]:
        """Join by an external commit (§12.4.3.2).

        Args:
            member: Who joins.
            group_info: A GroupInfo of the current epoch, as an MLSMessage.
            ratchet_tree: The tree, when the GroupInfo does not carry it.
            ports: Policy, PSKs, entropy and clock; the member's policy by default.
            options: See ``ExternalOptions``.

        Raises:
            StateError: Nobody can join by this GroupInfo.
            ProtocolError: A rule is broken.
            AuthenticationError: Something does not verify.
        """
        ports = ports_of(member, ports)
        info = external.decode_group_info(group_info)
        state = external.public_state(info, ratchet_tree, member.suite, ports.check(Remote))
        made = external.commit_externally(member, info, state, options, ports.kit(Local))
        return JoinedExternally(made.message, cls(made.state, ports), made.changed)

    # --- keeping ---------------------------------------------------------------------------

    @classmethod
    def restore(cls, snapshot: bytes, ports: Ports | None = None) -> Group:
        """A group from a snapshot. Only one copy of a group may ever send.

        Raises:
            StorageError: It is no snapshot, damaged, or of another version.
        """
        return cls.load(restoring.decode_snapshot(snapshot), ports)

    @classmethod
    def load(cls, stored: Mapping[bytes, bytes], ports: Ports | None = None) -> Group:
        """A group from the rows that ``changes`` handed out.

        Raises:
            StorageError: Rows are missing or damaged, or of another version.
        """
        ports = as_a(Ports, ports or Ports())
        state = restoring.restore(stored, ports.kit(Local))
        return cls(state, ports, Ledger(state))

    # --- continuing ------------------------------------------------------------------------

    def branch(
        self,
        member: Member,
        packages: Iterable[bytes | KeyPackage],
        *,
        group_id: bytes | None = None,
        extensions: Iterable[Extension] = (),
        ports: Ports | None = None,
        **options: Unpack[CommitOptions],
    ) -> Founded[Group]:
        """Create a group of some of our members, linked to this one (§11.3).

        Args:
            member: We, in the new group.
            packages: Fresh KeyPackages of the members to be.
            group_id: Of the new group; random by default.
            extensions: Of the new group's GroupContext.
            ports: Of the new group; a copy of ours by default.
            options: How its first commit is made; see ``CommitOptions``.
        """
        self._require_active()
        nonce = psks.fresh_nonce(member.suite, self.ports.entropy)
        link = psks.resumption_id(ResumptionPSKUsage.branch, self.group_id, self.epoch, nonce)
        return self._continue(member, packages, link, (group_id, extensions), ports, options)

    def reinitialize(
        self,
        member: Member,
        packages: Iterable[bytes | KeyPackage],
        *,
        ports: Ports | None = None,
        **options: Unpack[CommitOptions],
    ) -> Founded[Group]:
        """Create the group that continues this one after a ReInit (§11.2).

        Args:
            member: We, with keys of the new cipher suite.
            packages: KeyPackages of all other members, of the new cipher suite.
            ports: Of the new group; a copy of ours by default.
            options: How its first commit is made; see ``CommitOptions``.

        Raises:
            StateError: No ReInit has been committed.
        """
        reinit = self._state.reinit
        if reinit is None:
            msg = "no ReInit has been committed in this group"
            raise StateError(msg).of(rule="VAL-204", section="12.4.3.1")
        if member.suite.code != reinit.cipher_suite:
            msg = f"the ReInit asks for suite 0x{reinit.cipher_suite:04x}"
            raise StateError(msg).of(rule="VAL-202", section="11.2")
        nonce = psks.fresh_nonce(member.suite, self.ports.entropy)
        link = psks.resumption_id(ResumptionPSKUsage.reinit, self.group_id, self.epoch, nonce)
        planned = (reinit.group_id, reinit.extensions)
        return self._continue(member, packages, link, planned, ports, options)

    def _continue(
        self,
        member: Member,
        packages: Iterable[bytes | KeyPackage],
        link: PreSharedKeyID,
        planned: tuple[bytes | None, Iterable[Extension]],
        ports: Ports | None,
        options: CommitOptions,
    ) -> Founded[Group]:
        new = as_a(Ports, ports or self.ports).linked_to(self)
        options["successor"] = True
        group_id, extensions = planned
        parsed = [proposing.key_package(package) for package in packages]
        chosen = new.entropy(member.suite.Nh) if group_id is None else group_id
        context = GroupContext(
            ProtocolVersion.mls10, member.suite.code, chosen, 1, b"", b"", tuple(extensions)
        )
        own = self.tree.leaf(self.own_index)
        assert own is not None
        ours = successors.own_leaf(own, member, options.get("leaf_extensions"))
        leaves = [ours, *(package.leaf_node for package in parsed)]
        successors.check_plan(context, leaves, link, self._state, new.check(Local))
        return Group.found(
            member,
            parsed,
            group_id=chosen,
            extensions=context.extensions,
            psks=(link,),
            ports=new,
            **options,
        )
