"""What can be learnt from a blind broker: from what it keeps, and by watching its sockets.

May import everything below ``lab``, and the company. A scripted run (:mod:`.script`) makes a
broker's ordinary life with a truth that is known; :mod:`.searching` looks for secrets in all that
is at rest; :mod:`.guessing` and :mod:`.watching` are adversaries that guess who is in which group,
and :mod:`.scoring` says whether they do better than chance. ``python -m covey.lab.analyst``
prints the tables of docs/explanation/what-the-broker-sees.md.
"""
