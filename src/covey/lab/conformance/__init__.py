"""The 16 families of official MLS test vectors: verified, and written anew.

The families and their formats are those of the MLS working group's interoperability
repository (``test-vectors.md``). :mod:`.verify` and :mod:`.generate` hold one file for each
group of families, :mod:`.families` the table of all, :mod:`.runner` what reads files.
"""
