"""RFC 9420 §5: the cryptographic objects, and RFC 9180 below them.

The only package that imports ``cryptography`` and ``nacl``; it may import
:mod:`covey.mls.wire` and :mod:`covey.errors`. No foreign exception leaves it.
"""
