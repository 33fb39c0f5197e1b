"""What groups, events and messages show in a notebook, and that none of it is secret."""

from __future__ import annotations

import base64
import subprocess
import sys
from html import unescape

import pytest

from covey import mls
from covey.lab.demo.known_secrets import of_group, of_key_package, of_member
from group_samples import everyone, found, member

PUBLIC = mls.Policy(handshake=mls.WireFormat.mls_public_message)


def html(value: object) -> str:
    """What Jupyter asks for."""
    return value._repr_html_()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def scene() -> dict[str, object]:
    """Everything that people show of a group in which much has happened."""
    groups = found("abcd")
    proposed = groups[1].propose_update()
    proposals = everyone([groups[0], *groups[2:]], proposed)
    pending = groups[0].commit(remove=[3])
    staged = groups[1].stage(pending.message)
    waiting = groups[2].commit()
    event = groups[2].receive(pending.message)
    changed = groups[0].accept(pending)
    groups[1].apply(staged)  # type: ignore[arg-type]
    sent = groups[0].protect(b"hello <b>", b"beside")
    received = groups[1].receive(sent)
    own = groups[0].receive(sent)
    info = groups[0].group_info()
    joined = mls.Group.join_externally(member("x"), info)
    founded = mls.Group.found(member("y"), [member("z").key_package().message])
    package = (guest := member("e")).key_package()
    again = groups[0].commit(add=[package.message])
    invited = mls.Group.stage_welcome(guest, package, again.welcome)
    return {
        "group": groups[0],
        "other": groups[1],
        "removed": groups[3],
        "tree": groups[0].tree,
        "proposal": proposals[0],
        "pending": again,
        "waiting": waiting,
        "staged": staged,
        "event": event,
        "changed": changed,
        "received": received,
        "own": own,
        "peek": mls.peek(sent),
        "member": groups[0].members[0],
        "joined": joined,
        "founded": founded,
        "invited": invited,
        "private message": mls.MLSMessage.decode(sent),
        "commit": mls.MLSMessage.decode(pending.message),
        "welcome": mls.MLSMessage.decode(again.welcome),
        "group info": mls.MLSMessage.decode(info),
        "context": groups[0].context,
    }


def forms(secret: bytes) -> list[str]:
    """How bytes could stand in a page."""
    encoded = base64.b64encode(secret).decode().rstrip("=")
    forms = [secret.hex(), encoded, base64.urlsafe_b64encode(secret).decode().rstrip("=")]
    return [*forms, str(secret)[2:-1], str(list(secret))[1:-1]]


def test_nothing_that_is_shown_is_secret(scene: dict[str, object]) -> None:
    groups = [scene["group"], scene["other"]]
    groups += [scene["joined"].group, scene["founded"].group]  # type: ignore[attr-defined]
    secrets = {name: each for group in groups for name, each in of_group(group).items()}  # type: ignore[arg-type]
    assert len(secrets) > 20
    pages = {name: unescape(html(value)) for name, value in scene.items()}
    pages["svg"] = scene["tree"]._repr_svg_()  # type: ignore[attr-defined]
    for name, shown in pages.items():
        for what, secret in secrets.items():
            assert len(secret) >= 16, what
            for form in forms(secret):
                assert form not in shown, f"{what} in the page of {name}"
            assert secret.hex()[:16] not in shown, f"the beginning of {what} in that of {name}"


def test_what_is_public_is_found_by_the_same_search(scene: dict[str, object]) -> None:
    context = scene["context"]
    assert isinstance(context, mls.GroupContext)
    assert context.tree_hash.hex()[:16] in html(context)
    leaf = scene["tree"].leaf(0)  # type: ignore[attr-defined]
    assert leaf.encryption_key.hex()[:8] in html(scene["group"])


def test_a_key_package_shows_no_private_key() -> None:
    client = member("alice")
    package = client.key_package()
    shown = html(mls.MLSMessage.decode(package.message))
    for secret in (*of_member(client).values(), *of_key_package(package).values()):
        assert not any(form in shown for form in forms(secret))


def test_a_group_shows_itself(scene: dict[str, object]) -> None:
    shown = html(scene["group"])
    for fact in ("Group group", "a <b>(we)</b>", "<svg", "this leaf", "pending commit"):
        assert fact in shown
    assert shown.count("<style>") == 2  # the page's and the picture's


def test_who_was_removed_sees_the_group_as_it_left_it() -> None:
    groups = found("ab")
    pending = groups[0].commit(remove=[1])
    groups[1].receive(pending.message)
    shown = html(groups[1])
    assert "<th>active</th><td>no</td>" in shown
    assert "<svg" in shown


def test_an_observer_shows_the_same_tree() -> None:
    group = found("abc", policy=PUBLIC)[0]
    observer = mls.PublicGroup(group.group_info(external=False))
    shown = html(observer)
    assert "Group group" in shown
    assert "Ratchet tree: 3 members" in shown
    assert "this leaf" not in shown


def test_a_tree_shows_itself_as_html_and_as_svg(scene: dict[str, object]) -> None:
    tree = scene["group"].tree  # type: ignore[attr-defined]
    assert tree._repr_svg_().startswith("<svg")
    assert tree._repr_svg_() in tree._repr_html_()


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("received", ["MessageReceived", "leaf 0 <b>a</b>", "hello &lt;b&gt;", "beside"]),
        ("proposal", ["ProposalReceived", "Update", "leaf_node"]),
        ("changed", ["EpochChanged", "<th>own</th><td>yes</td>", "leaf 3 <b>d</b>"]),
        ("event", ["EpochChanged", "<th>discarded</th><td>yes</td>"]),
        ("own", ["OwnMessage", "<th>epoch</th><td>2</td>"]),
        ("peek", ["Peek", "mls_private_message", "group"]),
        ("member", ["leaf 0 <b>a</b>"]),
        ("pending", ["PendingCommit", "<th>welcomes</th><td>1</td>", "leaf 3 <b>e</b>"]),
        ("waiting", ["PendingCommit", "<th>welcomes</th><td>0</td>"]),
        ("staged", ["StagedCommit", "leaf 3 <b>d</b>"]),
        ("joined", ["JoinedExternally", "x <b>(we)</b>"]),
        ("invited", ["Group group", "<th>joined</th><td>no</td>"]),
        ("founded", ["Founded", "Group 0x", "y <b>(we)</b>"]),
        ("welcome", ["MLSMessage", "encrypted_group_info"]),
        ("group info", ["MLSMessage", "group_context", "confirmation_tag"]),
        ("context", ["GroupContext", "confirmed_transcript_hash"]),
    ],
)
def test_everything_shows_what_it_is(scene: dict[str, object], name: str, facts: list[str]) -> None:
    shown = html(scene[name])
    for fact in facts:
        assert fact in shown


def test_a_message_in_bytes_is_decoded_to_be_shown() -> None:
    assert isinstance(mls.MLSMessage.decode(found("ab")[0].protect(b"")), mls.MLSMessage)


def test_drawing_is_loaded_when_a_notebook_asks_for_it() -> None:
    look = (
        "import sys\nfrom covey import mls\n"
        "suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519\n"
        "group = mls.Group.create(mls.Member.basic(b'a', suite))\n"
        "loaded = [n for n in sys.modules if n.startswith('covey.mls.picture')]\n"
        "assert not loaded, loaded\n"
        "assert group._repr_html_()\n"
        "assert 'covey.mls.picture.page' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", look], check=True)  # noqa: S603
