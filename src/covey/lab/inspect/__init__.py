"""What bytes of MLS are, what they hold, and which rules they break, without any secret.

May import :mod:`covey.mls` and :mod:`covey.lab.conformance`. Nothing here can decrypt, and
nothing that is handed in makes it raise: what cannot be read is told, as far as it could be.
"""
