"""Every family of official vectors that can be written. May import this folder."""

from __future__ import annotations

from typing import Final

from covey.lab.conformance.generate import basics, handshakes, messages, passive, schedules, trees
from covey.lab.conformance.generate.written import Written

WRITTEN: Final = Written(
    without_suite={
        "deserialization": basics.deserialization,
        "tree-math": basics.tree_math,
        "messages": messages.messages,
    },
    for_each_suite={
        "crypto-basics": basics.crypto_basics,
        "key-schedule": schedules.key_schedule_epochs,
        "psk_secret": schedules.psk_secret,
        "secret-tree": schedules.secret_tree_keys,
        "transcript-hashes": schedules.transcript_hashes,
        "message-protection": handshakes.message_protection,
        "tree-operations": trees.tree_operations,
        "tree-validation": trees.tree_validation,
        "treekem": trees.treekem,
        "welcome": handshakes.welcome,
        "passive-client-welcome": passive.passive_client_welcome,
        "passive-client-handling-commit": passive.passive_client_handling_commit,
        "passive-client-random": passive.passive_client_random,
    },
)
"""The families."""
