"""Moving a living group to another cipher suite (RFC 9420 §11.2), in the same log.

A commit of a ReInit ends the group, and says which one comes after it. Then any member makes that
one, of the KeyPackages that all of them have left for its suite, and closes the last epoch of the
old one with it: the log takes one such entry and no other. So members who were away come into the
new group by reading on, and it keeps its log, its links and its history.
"""
