"""RFC 9420 §7.7 to §7.9, §12.4.3.3: ratchet trees that nobody may join. May import the forge."""
