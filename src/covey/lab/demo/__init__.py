"""The demo: a broker and its members, each a process of its own, and what each of them sees.

May import everything below ``cli``. The story is in :mod:`covey.lab.demo.story`; a member's
process is :mod:`covey.lab.demo.member`, and what it does :mod:`covey.lab.demo.conversation`.
The broker is the real one, over a real file.
"""
