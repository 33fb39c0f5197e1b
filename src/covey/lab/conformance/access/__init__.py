"""Test vectors of the access protocol (docs/broker-protocol.md): written, and verified.

The files are like the official ones of MLS: an array of cases each, bytes in hexadecimal digits.
:mod:`.generate` and :mod:`.verify` hold one file for each group of families, :mod:`.families`
the table of all, :mod:`.writer` what writes them.
"""
