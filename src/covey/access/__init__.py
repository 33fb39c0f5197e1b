"""The protocol between members and a blind broker (docs/broker-protocol.md): pure, and shared.

May import :mod:`covey.mls` up to its crypto and structs. Here are the structs on the wire, what
is signed, the chain and its heads, the tickets, and the closed list of refusals; broker and
client both import them, and do not know each other. What holds a secret of a group is in
:mod:`covey.access.member`, which no broker may import.
"""
