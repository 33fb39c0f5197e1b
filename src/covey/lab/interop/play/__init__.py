"""Playing scenarios with clients of any stacks, and comparing what they say.

May import the calls. ``actor`` is one client in one role, ``scene`` a group of them, ``scenarios``
what they do, ``runner`` who plays what with whom.
"""
