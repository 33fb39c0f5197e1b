"""docs/how-to/notebook.svg is the picture that covey draws.

`python tests/house/test_tree_picture.py` draws it anew, with `src` in PYTHONPATH where covey is
not installed.
"""

from __future__ import annotations

from covey import mls
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.picture import drawing
from tracked import ROOT

PICTURE = ROOT / "docs" / "how-to" / "notebook.svg"
SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
NOW = 1_800_000_000
NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace")


def picture() -> str:
    """A tree with blanks and unmerged leaves, in the eyes of one of its members."""
    entropy = Seeded(b"covey", "docs/how-to/notebook.svg")
    ports = mls.Ports(entropy=entropy, now=lambda: NOW)
    alice, *others = (mls.Member.basic(name.encode(), SUITE, entropy=entropy) for name in NAMES)
    packages = [each.key_package(now=NOW) for each in others]
    founded = mls.Group.found(alice, [each.message for each in packages], ports=ports)
    erin = mls.Group.join(others[3], packages[3], founded.welcome, ports=ports)
    for remove, add, path in ((["dave"], [], True), ([], ["heidi"], False)):
        newcomers = [mls.Member.basic(name.encode(), SUITE, entropy=entropy) for name in add]
        pending = erin.commit(
            remove=[erin.find(name.encode()) for name in remove],
            add=[each.key_package(now=NOW).message for each in newcomers],
            path=path,
        )
        founded.group.receive(pending.message)
        erin.accept(pending)
    return drawing.svg(founded.group.tree, highlight=0)


def test_the_picture_in_the_documentation_is_up_to_date() -> None:
    said = "python tests/house/test_tree_picture.py draws it anew"
    assert PICTURE.read_text(encoding="utf-8") == picture(), said


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
