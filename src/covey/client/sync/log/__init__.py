"""One group and its log: read, taken in, written. May import the flows of branches and below."""
