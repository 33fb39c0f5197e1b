"""Random lives of a group of up to twenty members, in every cipher suite.

The machine makes members propose, commit, race, sleep, restart, leave and talk. The flock
asserts after each epoch that all members agree; see its docstring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from covey import mls
from covey.errors import LocalProtocolError, MissingKeyError, StateError
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    Remove,
    UnknownProposal,
)
from covey.mls.wire.code_points import ExtensionType, PSKType
from flock import CUSTOM, SHARED_PSK, Flock, name_of
from group_samples import PRIVATE, PUBLIC, extension, required

if TYPE_CHECKING:
    from covey.mls.structs.schedule import PreSharedKeyID

MOST = 20
ANY = st.integers(0, 99)
FORMATS = st.sampled_from([PUBLIC, PRIVATE])
EXTENSIONS = st.sampled_from(["none", "warden", "required", "custom", "required custom"])
CUSTOM_PROPOSAL = UnknownProposal(CUSTOM, b"what the application wants")


class GroupMachine(RuleBasedStateMachine):
    """One group."""

    suite = 1

    @initialize(founders=st.integers(1, 6))
    def found(self, founders: int) -> None:
        """Create the group."""
        self.flock = Flock(self.suite, founders)
        self.stores: dict[str, dict[bytes, bytes]] = {}
        self.observer: mls.PublicGroup | None = None

    # --- looking -----------------------------------------------------------------------

    def waiting(self, kind: type[Proposal]) -> list[Proposal]:
        """The proposals of a type that wait to be committed."""
        group = self.flock.groups[self.flock.awake[0]]
        return [each.proposal for each in group.proposals if isinstance(each.proposal, kind)]

    def resumes(self) -> bool:
        """Whether a resumption PSK waits, which no new member could know."""
        waiting = self.waiting(PreSharedKey)
        return any(each.psk.psktype is PSKType.resumption for each in waiting)

    def room(self) -> int:
        """How many more members may come."""
        if self.resumes():
            return 0
        return max(0, MOST - len(self.flock.groups) - len(self.waiting(Add)))

    def committer(self, number: int) -> str | None:
        """Somebody awake who may commit; who has asked to leave may not."""
        names = [name for name in self.flock.awake if not self.flock.is_leaving(name)]
        return names[number % len(names)] if names else None

    def extensions(self, name: str) -> tuple[mls.Extension, ...]:
        """Some extensions for the group, by name."""
        return {
            "none": (),
            "warden": (self.flock.warden_extension(),),
            "required": (required((ExtensionType.last_resort,), (0x0A,), (1, 2)),),
            "custom": (extension(CUSTOM, b"data"), self.flock.warden_extension()),
            "required custom": (required((CUSTOM,), (CUSTOM,)),),
        }[name]

    def psk(self, group: mls.Group, number: int) -> PreSharedKeyID:
        """The shared PSK, or one of an epoch that all members lived through."""
        first = max(self.flock.since.values())
        past = range(max(first, group.epoch - 8), group.epoch + 1)
        if number % 2 or not past or self.waiting(Add):
            return group.psk_id(SHARED_PSK)
        return group.resumption_psk_id(past[number % len(past)])

    # --- proposals ---------------------------------------------------------------------

    def propose(self, name: str, proposal: Proposal, form: mls.WireFormat) -> None:
        """A member proposes something, and all hear it."""
        event(f"proposed {type(proposal).__name__}")
        message = self.flock.groups[name].propose(proposal, handshake=form)
        self.tell(message, name, form)

    def tell(self, message: bytes, name: str | None, form: mls.WireFormat) -> None:
        """Broadcast a proposal; the observer hears it too, if it is public."""
        self.flock.broadcast(message, name)
        if self.observer is not None and form == PUBLIC:
            self.observer.receive(message)

    @rule(who=ANY, able=st.booleans(), form=FORMATS)
    def propose_add(self, who: int, form: mls.WireFormat, *, able: bool) -> None:
        """A member proposes to add a new client."""
        if self.room():
            package = self.flock.invite(able=able).package.package
            self.propose(self.flock.pick(who), Add(package), form)

    @rule(who=ANY, whom=ANY, form=FORMATS)
    def propose_remove(self, who: int, whom: int, form: mls.WireFormat) -> None:
        """A member proposes to remove one, maybe itself."""
        other = self.flock.pick(whom, awake=False)
        self.propose(self.flock.pick(who), Remove(self.flock.index(other)), form)

    @rule(who=ANY, rotated=st.booleans())
    def propose_update(self, who: int, *, rotated: bool) -> None:
        """A member proposes fresh keys, maybe a fresh signature key too."""
        event(f"proposed Update, rotated {rotated}")
        name = self.flock.pick(who)
        client = self.flock.clients[name].rotated() if rotated else None
        self.tell(self.flock.groups[name].propose_update(client), name, PRIVATE)
        self.observer = None

    @rule(who=ANY, number=ANY, form=FORMATS)
    def propose_psk(self, who: int, number: int, form: mls.WireFormat) -> None:
        """A member proposes to mix in a PSK."""
        name = self.flock.pick(who)
        self.propose(name, PreSharedKey(self.psk(self.flock.groups[name], number)), form)

    @rule(who=ANY, which=EXTENSIONS, form=FORMATS)
    def propose_extensions(self, who: int, which: str, form: mls.WireFormat) -> None:
        """A member proposes other extensions, maybe such that not all support."""
        wanted = GroupContextExtensions(self.extensions(which))
        self.propose(self.flock.pick(who), wanted, form)

    @rule(who=ANY, form=FORMATS)
    def propose_custom(self, who: int, form: mls.WireFormat) -> None:
        """A member proposes something of a type of the application's own."""
        name = self.flock.pick(who)
        if self.flock.all_able():
            self.propose(name, CUSTOM_PROPOSAL, form)
        else:
            with pytest.raises(LocalProtocolError, match="VAL-143"):
                self.flock.groups[name].propose(CUSTOM_PROPOSAL, handshake=form)

    @rule(who=ANY)
    def leave(self, who: int) -> None:
        """A member leaves by itself."""
        name = self.flock.pick(who)
        if len(self.flock.groups) > 1 and name not in self.flock.leaving:
            event("proposed SelfRemove")
            message = self.flock.groups[name].leave()
            self.tell(message, name, PUBLIC)
            self.flock.leaving[name] = message

    @rule(who=ANY, whom=ANY, adds=st.booleans())
    def propose_from_outside(self, who: int, whom: int, *, adds: bool) -> None:
        """The warden proposes from outside, if the group listens to it."""
        if not self.flock.hears_the_warden() or (adds and not self.room()):
            return
        event("proposed from outside")
        group = self.flock.groups[self.flock.pick(who)]
        warden = self.flock.warden
        observer = mls.PublicGroup(group.group_info(), ports=mls.Ports())
        removed = self.flock.index(self.flock.pick(whom, awake=False))
        proposal = Add(self.flock.invite().package.package) if adds else Remove(removed)
        message = observer.propose(warden, proposal)
        self.tell(message, None, PUBLIC)

    @rule(who=ANY, able=st.booleans())
    def propose_to_join(self, who: int, *, able: bool) -> None:
        """A new client proposes to add itself."""
        if self.room():
            event("proposed to join")
            group = self.flock.groups[self.flock.pick(who)]
            invited = self.flock.invite(able=able)
            info = group.group_info()
            self.tell(mls.propose_to_join(*invited, info), None, PUBLIC)

    # --- commits -----------------------------------------------------------------------

    @rule(
        who=ANY,
        form=FORMATS,
        path=st.sampled_from([None, True, False]),
        rivals=st.lists(ANY, max_size=2),
        echo=st.booleans(),
        staged=st.booleans(),
    )
    def commit_what_waits(
        self,
        who: int,
        form: mls.WireFormat,
        rivals: list[int],
        *,
        path: bool | None,
        echo: bool,
        staged: bool,
    ) -> None:
        """Somebody commits all that waits; others wanted to, and come too late."""
        name = self.committer(who)
        if name is None:
            return
        for number in rivals:
            rival = self.committer(number)
            if rival not in (None, name) and self.flock.groups[rival].pending is None:
                self.flock.groups[rival].commit()
        self.settle(name, form, echo=echo, staged=staged, path=path)

    @rule(
        who=ANY,
        form=FORMATS,
        adds=st.lists(st.booleans(), max_size=4),
        removes=st.lists(ANY, max_size=2),
        psks=st.lists(ANY, max_size=2),
        which=st.none() | EXTENSIONS,
        options=st.fixed_dictionaries(
            {
                "update": st.sampled_from([False, True, "rotated"]),
                "one_welcome_each": st.booleans(),
                "welcome_tree": st.booleans(),
            }
        ),
    )
    def commit_by_value(
        self,
        who: int,
        form: mls.WireFormat,
        adds: list[bool],
        removes: list[int],
        psks: list[int],
        which: str | None,
        options: dict[str, object],
    ) -> None:
        """Somebody commits proposals of its own, and what waits."""
        flock, name = self.flock, self.committer(who)
        if name is None:
            return
        group = flock.groups[name]
        gone = {flock.pick(number, awake=False) for number in removes} - {name}
        room = 0 if self.resumes() else self.room() + len(gone)
        new = [flock.invite(able=able) for able in adds[:room]]
        ids = [self.psk(group, 1 if new else number) for number in psks]
        if options["update"] == "rotated":
            options = {**options, "update": flock.clients[name].rotated()}
        all_able = flock.all_able() and all(adds[: len(new)])
        refused = None
        try:
            self.settle(
                name,
                form,
                add=[each.package.message for each in new],
                remove=[flock.index(each) for each in gone],
                psks=ids,
                extensions=None if which is None else self.extensions(which),
                **options,
            )
        except LocalProtocolError as error:
            refused = error.rule
        event(f"commit by value: {refused or 'taken'}")
        assert refused in ({None} if all_able else {None, "VAL-043", "VAL-046"})

    def settle(
        self,
        name: str,
        form: mls.WireFormat,
        *,
        echo: bool = False,
        staged: bool = False,
        **options: object,
    ) -> None:
        """Make a commit, and let the group take it."""
        group = self.flock.groups[name]
        if group.pending is not None:
            group.discard(group.pending)
        pending = group.commit(handshake=form, **options)  # type: ignore[arg-type]
        event(f"committed, {'with' if pending.changed.with_path else 'without'} a path")
        self.flock.settle(name, pending, echo=echo, staged=staged)
        self.observe(pending.message, form)

    @rule(who=ANY, form=FORMATS, times=st.integers(1, 3))
    def commit_and_discard(self, who: int, form: mls.WireFormat, times: int) -> None:
        """Somebody makes commits that nobody takes."""
        name = self.committer(who)
        if name is None:
            return
        group = self.flock.groups[name]
        for _ in range(times):
            before = group.epoch_authenticator
            if group.pending is None:
                group.commit(handshake=form)
            with pytest.raises(StateError):
                group.commit()
            assert group.pending is not None
            group.discard(group.pending)
            assert group.epoch_authenticator == before

    @rule(who=ANY, wakes=st.booleans())
    def commit_too_late(self, who: int, *, wakes: bool) -> None:
        """Somebody who sleeps commits; nobody takes it, for its epoch is over."""
        names = list(self.flock.inboxes)
        if names:
            name = names[who % len(names)]
            group = self.flock.groups[name]
            if self.flock.is_leaving(name):
                with pytest.raises(StateError, match="asked to leave"):
                    group.commit()
            elif group.pending is None:
                group.commit()
            if wakes:
                self.flock.wake(name)

    @rule(who=ANY, able=st.booleans(), psk=st.booleans())
    def join_externally(self, who: int, *, able: bool, psk: bool) -> None:
        """A new client joins by itself; who wants to leave, leaves with it."""
        if len(self.flock.groups) >= MOST:
            return
        group = self.flock.groups[self.flock.pick(who)]
        client = self.flock.client(able=able)
        self.enter(client, group, psks=[group.psk_id(SHARED_PSK)] if psk else [])

    @rule(who=ANY, whom=ANY)
    def resync(self, who: int, whom: int) -> None:
        """A member that lost its state takes its place again."""
        name = self.flock.pick(whom, awake=False)
        others = [each for each in self.flock.awake if each != name]
        if others:
            group = self.flock.groups[others[who % len(others)]]
            client = self.flock.clients[name].rotated()
            self.enter(client, group, resync=self.flock.index(name), without=name)

    def enter(
        self, client: mls.Member, group: mls.Group, without: str = "", **options: object
    ) -> None:
        """Join by an external commit, or be refused for want of capabilities."""
        leaving = [m for name, m in self.flock.leaving.items() if name != without]
        stays = [n for n in self.flock.groups if n not in self.flock.leaving and n != without]
        if not stays:
            return
        refused = None
        try:
            joined = mls.Group.join_externally(
                client,
                group.group_info(),
                self_removes=leaving,
                ports=self.flock.ports(client),
                **options,  # type: ignore[arg-type]
            )
        except LocalProtocolError as error:
            refused = error.rule
        if refused is not None:
            event(f"external join refused by {refused}")
            assert refused in {"VAL-043", "VAL-046"}
            assert not client.policy.extension_types
            return
        event("joined externally" if not without else "resynchronised")
        if without:
            del self.flock.groups[without]
            self.flock.inboxes.pop(without, None)
            self.stores.pop(without, None)
            for letter in self.flock.letters:
                letter.readers.discard(without)
        self.flock.settle_external(joined, client)
        self.observe(joined.commit, PUBLIC)
        self.stores.pop(name_of(client), None)

    # --- observers ---------------------------------------------------------------------

    @rule(who=ANY)
    def begin_to_observe(self, who: int) -> None:
        """An observer begins to follow the group, and does so while handshakes are public."""
        group = self.flock.groups[self.flock.pick(who)]
        if not group.proposals:
            self.observer = mls.PublicGroup(group.group_info(), ports=mls.Ports(group.ports.policy))

    def observe(self, message: bytes, form: mls.WireFormat) -> None:
        """The observer follows a public commit; a private one it cannot."""
        if self.observer is None:
            return
        if form == PRIVATE:
            with pytest.raises(StateError):
                self.observer.receive(message)
            self.observer = None
            return
        try:
            self.observer.receive(message)
        except MissingKeyError:  # a proposal that it refers to was private
            self.observer = None
            return
        event("observed")
        group = self.flock.groups[self.flock.awake[0]]
        assert self.observer.context == group.context
        assert self.observer.tree.encode() == group.ratchet_tree

    # --- talking, sleeping, restarting -------------------------------------------------

    @rule(who=ANY, times=st.integers(1, 3))
    def write(self, who: int, times: int) -> None:
        """Somebody sends messages, unless proposals have to be committed first."""
        name = self.flock.pick(who, awake=False)
        if self.flock.groups[name].proposals:
            with pytest.raises((LocalProtocolError, StateError), match=r"VAL-112|asked to leave"):
                self.flock.groups[name].protect(b"too early")
        else:
            for _ in range(times):
                self.flock.write(name)

    @rule(who=ANY, kind=st.sampled_from(mls.ContentType), count=st.integers(1, 4))
    def reserve(self, who: int, kind: mls.ContentType, count: int) -> None:
        """Somebody takes keys ahead; a restart loses them."""
        group = self.flock.groups[self.flock.pick(who, awake=False)]
        left, following = group.reserved(kind), group.next_generation(kind)
        group.reserve(kind, count)
        assert (group.reserved(kind), group.next_generation(kind)) == (left + count, following)

    @rule(what=st.integers(), who=ANY, again=st.booleans())
    def read(self, what: int, who: int, *, again: bool) -> None:
        """A message arrives: late, out of order, too late, twice, or at its own sender."""
        if self.flock.letters:
            letter = self.flock.letters[what % len(self.flock.letters)]
            name = self.flock.pick(who, awake=False)
            event(f"read a message {self.flock.groups[name].epoch - letter.epoch} epochs later")
            for _ in range(1 + again):
                self.flock.read(letter, name)

    @rule(who=ANY)
    def sleep(self, who: int) -> None:
        """Somebody goes offline."""
        self.flock.sleep(self.flock.pick(who))

    @rule(who=ANY)
    def wake(self, who: int) -> None:
        """Somebody comes back."""
        names = list(self.flock.inboxes)
        if names:
            self.flock.wake(names[who % len(names)])

    @rule(who=ANY)
    def restart(self, who: int) -> None:
        """Somebody begins again from a snapshot."""
        name = self.flock.pick(who, awake=False)
        self.flock.restart(name)
        self.stores.pop(name, None)

    @rule(who=ANY, loads=st.booleans())
    def store(self, who: int, *, loads: bool) -> None:
        """Somebody writes what changed to its store, and maybe begins again from there."""
        name = self.flock.pick(who, awake=False)
        group = self.flock.groups[name]
        if name not in self.stores:
            group = mls.Group.restore(group.snapshot(), group.ports)
            group = mls.Group(group._state, group.ports)  # noqa: SLF001 - nothing stored yet
            self.flock.groups[name] = group
        store = self.stores.setdefault(name, {})
        group.changes().apply_to(store)
        loaded = mls.Group.load(store, group.ports)
        assert loaded.snapshot() == group.snapshot()
        if loads:
            self.flock.groups[name] = loaded

    @invariant()
    def never_more_than_twenty(self) -> None:
        """The flock stays small."""
        if hasattr(self, "flock"):
            assert 1 <= len(self.flock.groups) <= MOST
            assert self.flock.awake


def _machine(suite: int, share: int) -> type[GroupMachine.TestCase]:  # type: ignore[name-defined]
    """The test case of a suite, with a share of the profile's examples."""
    machine = type(f"GroupMachine{suite}", (GroupMachine,), {"suite": suite})
    case = machine.TestCase
    case.settings = settings(
        max_examples=max(1, settings.default.max_examples // share),
        stateful_step_count=40,
        phases=[phase for phase in settings.default.phases if phase is not Phase.explain],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    return case


TestSuite1 = _machine(1, 4)
TestSuite2 = _machine(2, 15)
TestSuite3 = _machine(3, 10)
TestSuite4 = _machine(4, 25)
TestSuite5 = _machine(5, 25)
TestSuite6 = _machine(6, 25)
TestSuite7 = _machine(7, 25)
