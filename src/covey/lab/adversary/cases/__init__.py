"""All cases, by what they are about. Importing it fills :data:`covey.lab.adversary.case.CASES`."""

from __future__ import annotations

from covey.lab.adversary.cases import (
    commits,
    creation,
    credentials,
    crypto,
    encoding,
    external_commits,
    framing,
    key_packages,
    leaves,
    paths,
    proposal_lists,
    proposals,
    schedule,
    successors,
    trees,
    welcomes,
)

__all__ = [
    "commits",
    "creation",
    "credentials",
    "crypto",
    "encoding",
    "external_commits",
    "framing",
    "key_packages",
    "leaves",
    "paths",
    "proposal_lists",
    "proposals",
    "schedule",
    "successors",
    "trees",
    "welcomes",
]
