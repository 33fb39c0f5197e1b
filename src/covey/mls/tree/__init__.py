"""RFC 9420 §7: the ratchet tree, immutable, with structural sharing between epochs."""
