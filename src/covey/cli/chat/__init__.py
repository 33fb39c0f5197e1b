"""The commands of a member: one file for each, over :mod:`covey.client`.

May import the client and its store.
"""
