"""RFC 9420 §8 and §9: from a commit's secrets to the keys of every message.

May import :mod:`covey.mls.crypto`, :mod:`covey.mls.wire` and :mod:`covey.errors`. Knows no
wire structs: whatever is hashed or derived from comes in encoded.
"""
