"""The rules of RFC 9420, asked of one object without any secret: one file for each kind.

May import :mod:`covey.mls.rules` and what it looks at, and the checks of signatures.
"""
