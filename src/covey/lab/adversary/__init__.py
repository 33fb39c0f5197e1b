"""Real groups in which somebody misbehaves in exactly one way.

May import the engine, and the scenes of the vectors. Each case breaks one check of RFC 9420
and nothing else; :mod:`.proof` shows it by taking the check out.
"""
