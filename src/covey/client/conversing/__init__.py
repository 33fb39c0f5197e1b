"""A group, as an application uses it: what it is, says, changes and leaves."""
