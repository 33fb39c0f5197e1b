"""Proof that the tests notice: one rule, or one comparison, is spoiled at a time."""
