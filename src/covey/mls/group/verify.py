"""Checking leaves and KeyPackages as they come in (RFC 9420 §7.3, §10.1).

May import rules and the policy. Rules are checked one by one; signatures are collected and
verified together, in threads where there are many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import AuthenticationError, DecodeError, PolicyError
from covey.mls.crypto.batch import verify_all
from covey.mls.rules import app_data, key_packages, leaves, trees
from covey.mls.rules.registry import Local, enforce
from covey.mls.structs.extensions import ExternalSenders
from covey.mls.structs.proposals import (
    Add,
    AppDataUpdate,
    AppEphemeral,
    GroupContextExtensions,
    Update,
)
from covey.mls.wire.code_points import ExtensionType, LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import PublicState
    from covey.mls.group.policy import Policy
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.rules.registry import Blame
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import LeafNode

Job = tuple[bytes, str, bytes, bytes]
"""Public key, label, content and signature."""

_SECTION: Final = "5.3.1"
_ARRIVALS: Final = {
    LeafNodeSource.key_package: "VAL-021",
    LeafNodeSource.update: "VAL-022",
    LeafNodeSource.commit: "VAL-023",
}
"""The check that asks for a credential to be validated, by how its leaf comes in (§5.3.1)."""


_SIGNATURES: Final = {leaves.LABEL: ("VAL-029", "7.3"), key_packages.LABEL: ("VAL-055", "10.1")}
"""The checks of signatures, by label, and their sections."""


class Checker(NamedTuple):
    """How things are checked: by which policy, at what time, and who is to blame."""

    policy: Policy
    now: int
    blame: Blame

    @property
    def judged_at(self) -> int | None:
        """The time by which lifetimes are judged; None when they are not (§7.3, VAL-037).

        Who sends must look at the clock. Who receives need not, and had better not: members
        whose clocks differ, or who come back late, would disagree about a commit.
        """
        ours = self.blame is Local
        return self.now if ours or self.policy.received_lifetimes else None

    def leaf(
        self,
        leaf: LeafNode,
        suite: Suite,
        source: LeafNodeSource | None,
        *,
        replaced: LeafNode | None = None,
    ) -> None:
        """All that a leaf must satisfy by itself, but for its signature (§7.3).

        Raises:
            ProtocolError: A rule is broken.
        """
        rules = leaves.LEAF_IN_TREE if source is None else leaves.LEAF
        subject = self._leaf_subject(leaf, suite, source, replaced)
        enforce(rules, subject, self.blame, strict=self.policy.strict)

    def _leaf_subject(
        self,
        leaf: LeafNode,
        suite: Suite,
        source: LeafNodeSource | None,
        replaced: LeafNode | None = None,
    ) -> leaves.LeafSubject:
        longest = self.policy.max_lifetime
        return leaves.LeafSubject(leaf, suite, source, self.judged_at, longest, replaced)

    def timely(self, sent: Sent, public: PublicState) -> None:
        """Judge by our clock what was received, where nobody's counts, before we commit it (§7.3).

        Raises:
            ProtocolError: A KeyPackage is used before or after its lifetime (VAL-037).
            PolicyError: A credential is not accepted now.
            AuthenticationError: A certificate is not valid now.
        """
        if isinstance(sent.proposal, Add):
            leaf = sent.proposal.key_package.leaf_node
            subject = self._leaf_subject(leaf, public.suite, LeafNodeSource.key_package)
            enforce((leaves.lifetime_contains_now,), subject, self.blame)
        self.credentials(sent, public)

    def credential(self, leaf: LeafNode, replaced: LeafNode | None = None) -> None:
        """Ask the policy about a leaf's credential; its signature has been verified (§5.3.1).

        Args:
            leaf: The leaf.
            replaced: The leaf that it takes the place of. The same credential is not asked for,
                nor is a leaf which says the same of its owner.

        Raises:
            PolicyError: It is not accepted, or is no successor of the old one.
            AuthenticationError: Nobody who is trusted has certified it.
        """
        if replaced is None or not _is_of_the_same(leaf, replaced):
            added = leaf.leaf_node_source is LeafNodeSource.key_package
            rule = "VAL-019" if added and self.blame is Local else _ARRIVALS[leaf.leaf_node_source]
            self.validate(leaf.credential, leaf.signature_key, rule)
        elif replaced.extensions == leaf.extensions:
            return
        if replaced is not None:
            self.succession(replaced, leaf)

    def validate(
        self, credential: Credential, signature_key: bytes, rule: str, section: str = _SECTION
    ) -> None:
        """Ask the policy about a credential, on the occasion that a check names.

        Raises:
            PolicyError: It is not accepted.
            AuthenticationError: Nobody who is trusted has certified it.
            DecodeError: A certificate does not decode.
        """
        try:
            self.policy.validate_credential(credential, signature_key, self.judged_at)
        except (PolicyError, AuthenticationError, DecodeError) as error:
            if not error.rule:
                error.of(rule=rule, section=section)
            raise

    def succession(self, old: LeafNode, new: LeafNode) -> None:
        """Ask the policy whether a member may replace its credential so (VAL-025).

        Raises:
            PolicyError: It may not.
        """
        if not self.policy.is_successor(old, new):
            msg = "the new leaf is no successor of the old one: it has another name, key or device"
            raise PolicyError(msg).of(rule="VAL-025", section=_SECTION)

    def key_package(self, package: KeyPackage, suite: Suite) -> list[Job]:
        """All that a KeyPackage must satisfy, but for its two signatures (§10.1).

        Returns:
            The signatures to verify.
        """
        subject = key_packages.KeyPackageSubject(package, suite)
        enforce(key_packages.KEY_PACKAGE, subject, self.blame, strict=self.policy.strict)
        self.leaf(package.leaf_node, suite, LeafNodeSource.key_package)
        return [key_package_job(package), leaf_job(package.leaf_node, b"", 0)]

    def proposal(self, sent: Sent, public: PublicState) -> list[Job]:
        """What a proposal must satisfy by itself, but for its signatures (§12.1).

        Returns:
            The signatures to verify.
        """
        proposal = sent.proposal
        if isinstance(proposal, Add):
            return self.key_package(proposal.key_package, public.suite)
        if isinstance(proposal, Update):
            index = sent.sender.leaf_index
            old = None if index is None else public.tree.leaf(index)
            if index is None or old is None:
                return []  # refused by the rules for the list (VAL-116)
            self.leaf(proposal.leaf_node, public.suite, LeafNodeSource.update, replaced=old)
            return [leaf_job(proposal.leaf_node, public.context.group_id, index)]
        if isinstance(proposal, AppDataUpdate | AppEphemeral):
            known = self.policy.components
            subject = app_data.ComponentSubject(proposal.component_id, known)
            enforce(app_data.EACH, subject, self.blame)
        return []

    def credentials(self, sent: Sent, public: PublicState) -> None:
        """Ask the policy about what a proposal brings in; its signatures have been verified.

        Raises:
            PolicyError: A credential is not accepted.
        """
        proposal = sent.proposal
        if isinstance(proposal, Add):
            self.credential(proposal.key_package.leaf_node)
        elif isinstance(proposal, Update) and sent.sender.leaf_index is not None:
            self.credential(proposal.leaf_node, public.tree.leaf(sent.sender.leaf_index))
        elif isinstance(proposal, GroupContextExtensions):
            self.external_senders(proposal.extensions)

    def external_senders(self, extensions: Sequence[Extension]) -> None:
        """Validate the credentials of external senders (VAL-024, VAL-130).

        Raises:
            PolicyError: One of them is not accepted.
        """
        rule = trees.known_extensions_decode
        for extension in extensions:
            if extension.extension_type == ExtensionType.external_senders:
                for each in ExternalSenders.decode(extension.extension_data).external_senders:
                    self.validate(each.credential, each.signature_key, rule.id, rule.section)

    def signatures(self, suite: Suite, jobs: Sequence[Job]) -> None:
        """Verify signatures, in threads where there are many.

        Raises:
            AuthenticationError: One of them does not verify.
        """
        if not jobs:
            return
        bad = verify_all(suite, jobs, self.policy.threads)
        if bad is not None:
            raise AuthenticationError(*_SIGNATURES[jobs[bad][1]])


def _is_of_the_same(leaf: LeafNode, replaced: LeafNode) -> bool:
    """Whether a leaf has the credential and the signature key of the one before it."""
    return replaced.credential == leaf.credential and replaced.signature_key == leaf.signature_key


def leaf_job(leaf: LeafNode, group_id: bytes, index: int) -> Job:
    """The signature of a leaf (VAL-029)."""
    tbs = leaves.leaf_tbs(leaf, group_id, index)
    return leaf.signature_key, leaves.LABEL, tbs, leaf.signature


def key_package_job(package: KeyPackage) -> Job:
    """The signature of a KeyPackage (VAL-055)."""
    tbs = key_packages.key_package_tbs(package)
    return package.leaf_node.signature_key, key_packages.LABEL, tbs, package.signature
