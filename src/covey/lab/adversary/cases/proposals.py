"""RFC 9420 §12.1: proposals that are wrong by themselves. May import the forge."""
