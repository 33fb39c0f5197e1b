"""Members of groups at a real broker: what a client does, in the order in which it has to.

May import everything below ``lab``. The demo, scripted runs and tests play with it. It is
synchronous, keeps its state in memory, and reads the system's clock and generator::

    Lines ── Line ─┬─ Device        the identity plane: account, KeyPackages, inboxes
                   ├─ Inbox         pointers and notes, read with a key of its own
                   └─ Log ── Seat   a group: its log, and the engine's Group that lives by it

A :class:`~covey.lab.company.person.Person` has one device, one inbox, and a seat in each group.
"""
