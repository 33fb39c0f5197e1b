"""RFC 9420 §7.2, §7.3: leaves that may not stand in a tree. May import the forge."""
