"""RFC 9420 §5.1: keys, signatures and encapsulations that are wrong. May import the forge."""
