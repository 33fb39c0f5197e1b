"""covey: group messaging that only the group can read.

The protocol engine is :mod:`covey.mls`; errors are in :mod:`covey.errors`.
"""

from __future__ import annotations

__version__ = "0.1.0"
