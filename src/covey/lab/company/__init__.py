"""The client's flows with plain calls, in memory: people at a real broker who do as they are told.

May import everything below ``lab``. Scripted runs and tests play with it. Nothing of the protocol
is written here: what a person does is a flow of :mod:`covey.client.sync`, driven to its end::

    Lines                    drives flows over connections that can be tapped, or shared
      └─ Identity            a store in memory, and the Account over it
           └─ Person         the same, with a Seat in each group, in which nothing is done by itself

A client takes care of itself: it commits, knocks and posts when it is time, deals with whatever
comes in its way, and tells what it did. A :class:`~covey.lab.company.person.Person` does only what
it is told, at that moment, and every trouble is an error. So a script decides what happens when,
and a test sees who noticed what. Besides, it can do what no client does: go on from a stolen
store, say something without looking, die before its pointers are posted, and leave notes.
"""
