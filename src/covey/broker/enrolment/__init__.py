"""How an account begins: with an invite code, or a sign-in elsewhere, when it is not open.

May import the wire layer and :mod:`covey.errors`. It says whether somebody may enrol, and
remembers of it no more than a digest.
"""
