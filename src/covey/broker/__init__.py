"""The broker: an HTTP service that stores and orders what it cannot read.

May import :mod:`covey.mls.structs`, :mod:`covey.mls.wire` and :mod:`covey.errors`, and nothing
that can hold a group secret. What it decides is in :mod:`covey.broker.ordering`; where it
keeps things, behind the port in :mod:`covey.broker.store`.
"""
