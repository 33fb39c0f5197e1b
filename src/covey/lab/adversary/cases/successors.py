"""RFC 9420 §8.4, §11.2, §11.3: pre-shared keys, ReInit and branch. May import the forge."""
