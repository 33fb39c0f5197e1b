"""The named bugs, and what the table makes of them."""

from __future__ import annotations

import re

import msgspec
import pytest

from covey.lab.interop.calls import CALLS, CallError
from covey.lab.interop.play.runner import Ending, Outcome
from covey.lab.interop.play.scenarios.catalogue import ALL, KINDS
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.service.client import Covey
from interop import bugs, building, table
from interop.bugs import Bug, Careful
from interop.matrix import STORY, Found, Matrix, Part

KNOWN = bugs.read()
BUG = Bug(
    id="X-1",
    peer="mlspp",
    title="It counts wrongly.",
    section="7.5",
    evidence="Two and two are five.",
    scenarios=["commit/add", "reinit"],
    said=["five"],
    avoid=["Protect", "Commit:add", "Export later"],
)


KNOWN_HERE = bugs.Known(
    suites={"mlspp": [1]}, gap=[bugs.Gap(peer="mlspp", said="no such thing$")], bug=[BUG]
)


def outcome(scenario: str, ending: Ending, detail: str = "", **more: object) -> Outcome:
    clients = ("covey", "mlspp")
    return Outcome(scenario, clients, 1, encrypt=False, ending=ending, detail=detail, **more)  # type: ignore[arg-type]


def judged(*outcomes: Outcome, company: tuple[str, ...] = ("mlspp",)) -> table.Judged:
    part = Part(company, 1, (), ())
    names = {"mlspp": "mlspp 1", "openmls": "openmls 2"}
    return table.judge(Matrix(names, {"mlspp": [1]}, (Found(part, outcomes),)), KNOWN_HERE)


# --- the file --------------------------------------------------------------------------------


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({each.id for each in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize("bug", KNOWN, ids=lambda bug: bug.id)
def test_a_bug_says_what_it_is(bug: Bug) -> None:
    assert bug.peer in {each.name for each in building.ALL}
    assert bug.title.endswith(".")
    assert len(bug.evidence.split()) > 20
    assert set(bug.scenarios) <= {each.id for each in ALL} | set(KINDS)
    assert bug.scenarios
    for pattern in bug.said:
        assert len(pattern) > 5
        re.compile(pattern)
    for each in bug.avoid:
        assert each.removesuffix(" later").partition(":")[0] in CALLS


# --- what they explain -----------------------------------------------------------------------


def test_a_bug_explains_what_it_names_and_nothing_else() -> None:
    assert BUG.explains(["mlspp"], outcome("commit/add", "fail", "got five"))
    assert BUG.explains(["mlspp"], outcome("reinit/suite", "fail", "got five"))
    assert not BUG.explains(["openmls"], outcome("commit/add", "fail", "got five"))
    assert not BUG.explains(["mlspp"], outcome("commit/remove", "fail", "got five"))
    assert not BUG.explains(["mlspp"], outcome("commit/add", "fail", "got six"))
    in_x_wing = msgspec.structs.replace(outcome("commit/add", "fail", "five"), suite=0x0053)
    assert BUG.explains(["mlspp"], in_x_wing)
    elsewhere = msgspec.structs.replace(BUG, suites=(2,))
    assert not elsewhere.explains(["mlspp"], in_x_wing)
    assert not elsewhere.explains(["mlspp"], outcome("commit/add", "fail", "got five"))
    there = msgspec.structs.replace(elsewhere, anywhere=["commit/add"])
    assert there.explains(["mlspp"], outcome("commit/add", "fail", "got five"))


def test_what_is_not_offered_has_to_be_known() -> None:
    found = judged(outcome("commit/add", "not offered", "mlspp: Commit: UNIMPLEMENTED: not today"))
    assert str(found.cells[("mlspp",), "commit/add", 1]) == "FAIL"


def test_what_does_not_show_any_more_is_named() -> None:
    nothing = judged(outcome("commit/add", "pass"))
    assert nothing.vanished(KNOWN_HERE) == ["X-1", "the gap 'no such thing$'"]
    both = judged(
        outcome("commit/add", "fail", "five"), outcome("commit/add", "not offered", "no such thing")
    )
    assert both.vanished(KNOWN_HERE) == []


def test_what_covey_refuses_is_never_a_gap() -> None:
    for gap in bugs.read_all().gap:
        assert gap.said.startswith("^")
        assert not re.search(gap.said, "covey 0.1.0: CreateBranch: UNIMPLEMENTED: no")


def test_a_cell_shows_all_that_happened_in_it() -> None:
    found = judged(
        outcome("commit/add", "pass"),
        outcome("commit/add", "fail", "five"),
        outcome("commit/add", "fail", "six"),
        outcome("commit/add", "not offered", "mlspp: Commit: UNIMPLEMENTED: no such thing"),
    )
    assert str(found.cells[("mlspp",), "commit/add", 1]) == "✓ X-1 – FAIL"
    assert [each.detail for each in found.failures] == ["six"]
    assert "X-1" in found.shown
    assert found.unoffered == {("mlspp",): {"no such thing": ["commit/add"]}}


def test_a_bug_is_seen_in_company_too() -> None:
    together = ("openmls", "mlspp")
    found = judged(outcome("commit/add", "fail", "five"), company=together)
    assert str(found.cells[together, "commit/add", 1]) == "X-1"
    assert "### covey, openmls and mlspp in one group" in table.markdown(found, [BUG])


def test_companies_are_as_large_as_bugs_allow() -> None:
    loner = msgspec.structs.replace(BUG, apart=["openmls"], absent=[5])
    peers = ["mls_rs", "openmls", "mlspp"]
    everybody = tuple(peers)
    assert bugs.companies(peers, 1, [BUG]) == [everybody]
    assert bugs.companies(peers, 1, [loner]) == [
        everybody,
        ("mls_rs", "openmls"),
        ("mls_rs", "mlspp"),
    ]
    assert bugs.companies(peers, 5, [loner]) == [everybody, ("mls_rs", "openmls")]
    assert bugs.companies(["mlspp"], 1, [BUG]) == []


def test_what_a_story_left_out_is_told() -> None:
    found = judged(outcome(STORY, "pass", left_out=("Protect of mlspp is left out (X-1)",)))
    assert str(found.cells[("mlspp",), STORY, 1]) == "✓ (X-1)"
    assert found.unoffered["mlspp",] == {"Protect of mlspp is left out (X-1)": [STORY]}


def test_the_page_links_bugs_and_names_versions() -> None:
    found = judged(outcome("commit/add", "fail", "five"), outcome("commit/empty", "pass"))
    page = table.markdown(found, [BUG])
    assert "- mlspp 1\n" in page
    assert re.search(r"\| \*\*commit / add\*\*: .* \| \[X-1\]\(#x-1\) \|", page)
    assert re.search(r"\| \*\*commit / empty\*\*: .* \| ✓ \|", page)
    assert "### X-1\n\nmlspp 1: It counts wrongly. (RFC 9420 §7.5)\n\nTwo and two" in page


def test_suites_that_are_not_of_the_rfc_are_shown_in_hex() -> None:
    part = Part(("mlspp",), 0x004F, (), ())
    played = msgspec.structs.replace(outcome("commit/add", "pass"), suite=0x004F)
    matrix = Matrix({"mlspp": "mlspp 1"}, {"mlspp": [0x004F]}, (Found(part, (played,)),))
    found = table.judge(matrix, KNOWN_HERE)
    assert "| suite 0x004f |" in table.markdown(found, [BUG])
    assert any(line.split() == ["0x004f"] for line in table.lines(found))


def test_the_terminal_shows_the_same_cells() -> None:
    found = judged(outcome("commit/add", "fail", "five"), outcome("commit/empty", "pass"))
    shown = list(table.lines(found))
    assert "mlspp 1" in shown
    assert any(line.split() == ["commit/add", "X-1"] for line in shown)


# --- who is careful --------------------------------------------------------------------------


def test_a_careful_client_is_not_asked_for_what_it_does_wrong() -> None:
    client = Careful(Covey(), [BUG])
    created = client.answer("CreateGroup", pb.CreateGroupRequest(cipher_suite=1, identity=b"a"))
    assert isinstance(created, pb.CreateGroupResponse)
    state = created.state_id
    with pytest.raises(CallError, match=r"UNIMPLEMENTED: Protect of covey .* is left out \(X-1\)"):
        client.answer("Protect", pb.ProtectRequest(state_id=state))
    adding = pb.CommitRequest(
        state_id=state, by_value=[pb.ProposalDescription(proposal_type=b"add")]
    )
    with pytest.raises(CallError, match="Commit:add of covey"):
        client.answer("Commit", adding)
    export = pb.ExportRequest(state_id=state, label="x", key_length=16)
    client.answer("Export", export)
    client.answer("Commit", pb.CommitRequest(state_id=state))
    client.answer("HandlePendingCommit", pb.HandlePendingCommitRequest(state_id=state))
    with pytest.raises(CallError, match="Export later of covey"):
        client.answer("Export", export)
