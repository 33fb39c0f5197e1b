"""RFC 9420 §8, §9: secrets, each of which is used once. May import the forge."""
