"""What a message says about itself before anything is verified."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import DecodeError, RemoteProtocolError
from covey.mls.wire.code_points import ContentType, WireFormat
from group_samples import PRIVATE, PUBLIC, found, member

ALICE = found("ab")[0]
NEW = member("c")
PACKAGE = NEW.key_package()
COMMIT = ALICE.commit(add=[PACKAGE.message], handshake=PUBLIC, authenticated_data=b"beside")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            COMMIT.message,
            mls.Peek(PUBLIC, b"group", 1, ContentType.commit, authenticated_data=b"beside"),
        ),
        (
            ALICE.protect(b"secret", b"seen"),
            mls.Peek(PRIVATE, b"group", 1, ContentType.application, authenticated_data=b"seen"),
        ),
        (
            COMMIT.welcome,
            mls.Peek(WireFormat.mls_welcome, cipher_suite=1, references=(PACKAGE.reference,)),
        ),
        (ALICE.group_info(), mls.Peek(WireFormat.mls_group_info, b"group", 1, cipher_suite=1)),
        (PACKAGE.message, mls.Peek(WireFormat.mls_key_package, cipher_suite=1)),
    ],
    ids=["public", "private", "welcome", "group info", "key package"],
)
def test_peek(message: bytes, expected: mls.Peek) -> None:
    assert mls.peek(message) == expected


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(DecodeError):
        mls.peek(b"")
    with pytest.raises(RemoteProtocolError, match="VAL-008"):
        mls.peek(b"\x00\x02" + COMMIT.message[2:])
