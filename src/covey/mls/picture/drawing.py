"""Drawings of a ratchet tree, for a terminal and as SVG (RFC 9420 §4.1). May import this folder."""

from __future__ import annotations

from covey.mls.picture.terminal import text
from covey.mls.picture.vector import svg

__all__ = ["svg", "text"]
