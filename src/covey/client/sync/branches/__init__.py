"""Which of several branches goes on, and what goes along. May import the group and the rows."""
