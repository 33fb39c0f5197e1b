"""Attachments at the broker: opaque, capped, expiring, resumable.

May import :mod:`covey.errors` and what stores bytes. A blob is named by 32 random bytes that
its uploader chose; who knows them may read it. The broker sees ciphertext and a size.
"""
