"""What is raised for what cannot be made. May import the errors."""

from __future__ import annotations

from typing import Final

from covey.errors import (
    AuthenticationError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
    UnsupportedError,
)

IMPOSSIBLE: Final = (
    AuthenticationError,
    MissingKeyError,
    RemoteProtocolError,
    LocalProtocolError,
    PolicyError,
    StateError,
    UnsupportedError,
    ValueError,  # a DecodeError is one, too
)
"""What is raised for a commit that cannot be made, or a message that cannot be said."""
