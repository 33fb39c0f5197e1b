"""Many clients and a broker in one process, on virtual time, from one number.

May import everything below ``lab``. The clients' flows (:mod:`covey.client.sync.effects`) and the
broker's operations are the real ones; what is played is the time, the network, the chance, and
all that goes wrong::

    script ── story of a seed: who wants what, and what goes wrong, when
       │
    world ─── actors      the clients, each with its store; killed, and begun again
       │
    network ─ effects become requests and answers that come late, twice, or never
       │
    broker ── the real operations on databases in memory; lies between them and the network
       │
    judge ─── when all is quiet: does everybody agree, and was every lie noticed?

A seed gives the same run each time: ``python -m covey.lab.simulate --seed 17``.
"""
