"""What a judge is shown: two members of a group, and what they tell, to be changed at will."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from covey.client.events import MembersChanged
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.evidence import Evidence
from covey.lab.simulate.judge import judge
from covey.lab.simulate.lies import Shown
from covey.lab.simulate.observing import Held, Message, Observed, Told
from covey.lab.simulate.sealing import Sealed
from covey.lab.simulate.world import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.client.events import Event
    from covey.lab.simulate.lies import Front

GID = bytes(32)
NOBODY: dict[str, tuple[str, ...]] = {"added": (), "removed": (), "left": ()}
READ = {Shown(name, GID, 3, bytes(32)): 95.0 for name in ("ann", "bob")}
"""When the two were shown the log last."""

HELLO = Message(1, b"m" * 16, 3, 2, "ann", "hello", 60)


def held(**changed: Any) -> Held:  # noqa: ANN401 - fields of all kinds
    plain = Held(
        gid=GID,
        predecessor=b"",
        status=Status.active,
        trouble="",
        epoch=2,
        authenticator=b"a",
        members=("ann", "bob"),
        awaited=(),
        owners=("ann",),
        name="covey",
        seq=3,
        hash=bytes(32),
        joined_at=0,
        renewed_at=0,
        messages=(HELLO,),
        waiting=0,
        wishes=0,
        pending=False,
        secrets=9,
    )
    return plain._replace(**changed)


def evidence(
    ann: Held | None = None,
    bob: Held | None = None,
    told: Mapping[str, Sequence[Event]] | None = None,
    **changed: Any,  # noqa: ANN401 - likewise
) -> Evidence:
    events = told or {}
    observed = {
        name: Observed(
            name,
            {GID: each},
            tuple(Told(number, 100, event) for number, event in enumerate(events.get(name, ()))),
        )
        for name, each in (("ann", ann or held()), ("bob", bob or held()))
    }
    plain = Evidence(
        observed, [Said("ann", GID, "hello", 50.0)], [], front(), Sealed(), {}, {}, {}, 200.0
    )
    return plain._replace(**changed)


def rules(found: Evidence) -> set[str]:
    return {each.rule for each in judge(found)}


def front(**changed: Any) -> Front:  # noqa: ANN401 - likewise
    """A broker that has not lied, but for what is changed."""
    honest = {"caught": [], "denied": dict, "ever_denied": dict, "places": READ}
    return cast("Front", SimpleNamespace(**{**honest, "shut_out": defaultdict(set), **changed}))


OLD = b"old"
"""A hash of a log that the broker does not have any more."""


def denying(name: str, at: float, read: Mapping[Shown, float] = READ) -> Front:
    shown = {Shown(name, GID, 3, OLD): at}
    return front(denied=lambda: shown, ever_denied=lambda: shown, places=read)


def changed(epoch: int, **how: tuple[str, ...]) -> MembersChanged:
    return MembersChanged(GID.hex(), epoch=epoch, by="ann", **{**NOBODY, **how})


def at(moment: int, found: Evidence, name: str, event: Event) -> None:
    """Let somebody tell something at a moment, beside what it has told."""
    observed = found.observed[name]
    told = (*observed.told, Told(len(observed.told), moment, event))
    found.observed[name] = observed._replace(told=told)
