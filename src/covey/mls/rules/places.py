"""Where those checks of RFC 9420 live that are not rules over a subject.

May import nothing of the engine; it only names. Some checks are how bytes are decoded, some
are which key is used, some hold because nothing else can be expressed. Each has its id, its
section and its place, so that none is forgotten: a house test fails when an id has neither a
rule nor a place, or when a place does not exist.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Place(NamedTuple):
    """A check that is not a rule.

    Attributes:
        section: Of RFC 9420.
        where: ``module:name`` below :mod:`covey.mls`.
        how: How it is ensured there.
    """

    section: str
    where: str
    how: str


_STRUCT = "wire.struct:WireStruct.decode"
_COMPILER = "wire.compiler:_Writer"
_VARINT = "wire.varint:read_header"
_CHECK = "group.verify:Checker"
_RATCHETS = "schedule.secret_tree:SecretTree"
_JOIN = "group.join:join"
_ADVANCE = "group.create_commit:advance"

SEEN_FROM: Final = {
    "VAL-018": "5.1.2",
    "VAL-027": "13.3",
    "VAL-051": "16.7",
    "VAL-053": "10",
    "VAL-058": "10",
    "VAL-069": "7.9",
    "VAL-072": "12.4.3.1",
    "VAL-076": "12.1.1",
    "VAL-087": "7.5",
    "VAL-113": "12.1",
    "VAL-123": "12.1.6",
    "VAL-124": "12.1.7",
    "VAL-128": "12.1.8",
    "VAL-131": "13.2",
    "VAL-150": "12.4.2",
    "VAL-190": "11.1",
    "VAL-191": "12.4.3",
    "VAL-198": "8.4",
    "VAL-199": "8.4",
    "VAL-206": "11.2",
    "VAL-209": "11.3",
}
"""Sections of checks that are the rule of another one, seen from another section."""

PLACES: Final[dict[str, Place]] = {
    "VAL-001": Place("2.1.1", _COMPILER, "another presence octet is a DecodeError"),
    "VAL-002": Place("2.1.2", _VARINT, "a longer header than needed is a DecodeError"),
    "VAL-003": Place("2.1.2", _VARINT, "the prefix 0b11 is a DecodeError"),
    "VAL-004": Place("2.1.2", _COMPILER, "a vector has to end inside of the input"),
    "VAL-005": Place("2.1.2", _COMPILER, "a vector has to end with its last element"),
    "VAL-006": Place("6", _STRUCT, "bytes left over are a DecodeError"),
    "VAL-007": Place("6", _COMPILER, "closed enums have no other values"),
    "VAL-008": Place("6", "group.receiving:decode_message", "another version is refused"),
    "VAL-009": Place("6", "structs.message:MLSMessage", "another wire format has no arm"),
    "VAL-012": Place("5.1.2", "crypto.suite:Suite.verify_with_label", "strict DER, fixed R‖S"),
    "VAL-016": Place("5.1.3", "crypto.dhkem:DhKem.decap", "bad encapsulations are refused"),
    "VAL-019": Place("5.3.1", f"{_CHECK}.validate", "before we propose or commit an Add"),
    "VAL-020": Place("5.3.1", f"{_CHECK}.validate", "asked by group.join:verified_tree"),
    "VAL-021": Place("5.3.1", f"{_CHECK}.validate", "asked by Checker.credential"),
    "VAL-022": Place("5.3.1", f"{_CHECK}.validate", "asked for a credential that is new"),
    "VAL-023": Place("5.3.1", f"{_CHECK}.validate", "asked for a credential that is new"),
    "VAL-025": Place("5.3.1", f"{_CHECK}.succession", "asks the policy about the successor"),
    "VAL-026": Place("5.3.3", "structs.extensions:ApplicationId", "the engine reads it nowhere"),
    "VAL-029": Place("7.3", f"{_CHECK}.signatures", "all leaves of a message at once"),
    "VAL-030": Place("7.2", "rules.leaves:leaf_tbs", "by the leaf's source"),
    "VAL-035": Place("7.2", "structs.tree:LeafNode", "arms of a select on the source"),
    "VAL-042": Place("7.2", "tree.census:Census", "unknown values are counted, not judged"),
    "VAL-050": Place("7.2", "group.verify:leaf_job", "the bytes that are kept are verified"),
    "VAL-054": Place("10.1", f"{_CHECK}.key_package", "checks the leaf with its source"),
    "VAL-055": Place("10.1", f"{_CHECK}.signatures", "with its leaf's signature_key (ERR-01)"),
    "VAL-060": Place("10", f"{_CHECK}.key_package", "reads none that it does not know"),
    "VAL-061": Place("13.4", "group.member:Member.capabilities", "lists what the policy supports"),
    "VAL-062": Place("10", "group.member:PrivateKeyPackage", "says whether to delete it"),
    "VAL-073": Place("7.3", "group.join:_check_leaves", "rules and signature of every leaf"),
    "VAL-074": Place("7.8", "tree.nodes:make_leaf", "absent iff blank"),
    "VAL-075": Place("7.7", "tree.edit:truncate", "also extend and blank_leaves"),
    "VAL-077": Place("7.5", "tree.edit:set_path", "all heights without a new node are blanked"),
    "VAL-082": Place("12.4.2", "group.staging:_check_leaf", "with source commit"),
    "VAL-085": Place("7.5", "group.process_commit:_are_sent", "compares all derived keys"),
    "VAL-086": Place("7.5", "group.staging:provisional_context", "old transcript hash"),
    "VAL-088": Place("7.5", "tree.private:PrivateTree.following", "old keys are not carried over"),
    "VAL-089": Place("6.1", "group.receiving:verify_signature", "the key by the sender's type"),
    "VAL-090": Place("6.1", "framing.authenticate:to_be_signed", "by the sender's type"),
    "VAL-091": Place("6.1", "framing.authenticate:to_be_signed", "both are covered"),
    "VAL-098": Place("6.1", "structs.framing:FramedContentAuthData", "an arm of a select"),
    "VAL-099": Place("6.2", "framing.public:verify_membership", "length, then constant time"),
    "VAL-100": Place("6.2", "group.receiving:open_public", "signature here, tag with the epoch"),
    "VAL-103": Place("6.3", "framing.authenticate:received_content", "the sender is a member"),
    "VAL-104": Place("6.3.1", "framing.private:_content_aad", "authenticated by the AEAD"),
    "VAL-105": Place("6.3.1", "framing.private:_is_zero", "or else a DecodeError"),
    "VAL-106": Place("6.3.1", "framing.private:ratchet_of", "and open_content decodes so"),
    "VAL-107": Place("6.3.1", "framing.private:_guarded", "a fresh guard for every message"),
    "VAL-108": Place("6.3.1", "wire.varint:header", "a vector has less than 2^30 bytes"),
    "VAL-109": Place("6.3.2", "schedule.secret_tree:sender_data", "samples Nh bytes"),
    "VAL-110": Place("6.3.2", "group.receiving:_require_member", "before a key is derived"),
    "VAL-111": Place("6.3.2", "group.receiving:_is_own", "our own index yields OwnMessage"),
    "VAL-112": Place("12.4", "group.sending:Sending._require_all_committed", "for protect()"),
    "VAL-114": Place("12.1.1", f"{_CHECK}.proposal", "checks the KeyPackage"),
    "VAL-126": Place("12.1.7", "rules.proposal_list:extensions_after", "the list is replaced"),
    "VAL-127": Place("12.1.8", "framing.authenticate:received_content", "private means member"),
    "VAL-129": Place("12.1.8", "group.policy:Policy.accept_proposal", "the default refuses"),
    "VAL-133": Place("12.2", "group.staging:apply_proposals", "each by itself, then the list"),
    "VAL-144": Place("12.2", "group.staging:check_result", "the rules for trees"),
    "VAL-145": Place("12.2", "group.staging:ask_policy", "asked with all changes"),
    "VAL-146": Place("12.3", "tree.ratchet_tree:RatchetTree.edited", "Update, Remove, Add"),
    "VAL-147": Place("12.3", "group.staging:check_result", "judged by the new extensions"),
    "VAL-148": Place("12.4", "group.process_commit:resolve", "an unknown one is a MissingKeyError"),
    "VAL-151": Place("12.4.2", "group.receiving:receive", "by the current epoch's keys"),
    "VAL-152": Place("12.4.2", "group.receiving:verify_signature", "before anything is computed"),
    "VAL-153": Place("12.4.2", "group.staging:_rules_for", "the rules for lists"),
    "VAL-154": Place("12.4.2", "group.psks:combine", "an unknown one is a MissingKeyError"),
    "VAL-156": Place("12.4.2", "group.create_commit:without_path", "zeros"),
    "VAL-157": Place("12.4.2", "group.process_commit:same_tag", "in constant time"),
    "VAL-158": Place("8.2", "schedule.transcript:confirmed", "and interim"),
    "VAL-159": Place("8.4", "group.psks:combine", "in the order of the list"),
    "VAL-160": Place("14", "group.committing:Committing.accept", "only accept() changes the epoch"),
    "VAL-161": Place("14", "group.receiving:applied", "the group's commit wins, ours is dropped"),
    "VAL-162": Place("12.4.2", "group.state:State.wiped", "nothing secret is kept"),
    "VAL-163": Place("12.4.2", "group.core:GroupCore._require_active", "no more is sent"),
    "VAL-164": Place("12.4.2", "group.receiving:_is_pending", "recognised by its bytes"),
    "VAL-165": Place("12.4.2", "group.listening:Listening._finish", "one assignment at the end"),
    "VAL-166": Place("12.4.1", "group.welcome:make_welcomes", "an entry for every Add"),
    "VAL-167": Place("12.4.1", "group.welcome:_shared_height", "that of the lowest common node"),
    "VAL-173": Place("12.2", "group.staging:replaced_leaf", "judged like an Update of that leaf"),
    "VAL-174": Place("12.4.3.2", "group.receiving:_signature_key", "the key of the path's leaf"),
    "VAL-175": Place("8.3", "group.process_commit:_init_secret", "exported from external_priv"),
    "VAL-176": Place("12.4.2", "group.staging:place_joiner", "after proposals and truncation"),
    "VAL-177": Place("12.4.3.2", "group.staging:check_result", "keys are unique afterwards"),
    "VAL-178": Place("12.4.3.1", "group.external:public_state", "the checks of a Welcome"),
    "VAL-179": Place("12.4.3.2", "group.external:_external_pub", "a StateError without it"),
    "VAL-180": Place("11.1", "group.staging:ask_policy", "accept_external_commit"),
    "VAL-181": Place("12.4.3.1", "group.join:_is_for", "a StateError without one"),
    "VAL-183": Place("12.4.3.1", "group.join:_open_secrets", "label and context"),
    "VAL-184": Place("12.4.3.1", "group.join:_psk_secret", "an unknown one is a MissingKeyError"),
    "VAL-188": Place("12.4.3", "group.join:not_twice", "among the groups that are handed in"),
    "VAL-192": Place("12.4.3.1", "group.join:verified_tree", "before anything is computed"),
    "VAL-193": Place("12.4.3.1", "group.join:_is_same_leaf", "compared byte by byte"),
    "VAL-194": Place("12.4.3.1", "group.join:_has_key", "compared with all derived keys"),
    "VAL-195": Place("12.4.3.1", _JOIN, "compared in constant time"),
    "VAL-197": Place("10", "group.member:PrivateKeyPackage", "its holder deletes it"),
    "VAL-200": Place("8.4", "schedule.psk:psk_secret", "computed so"),
    "VAL-201": Place("8.6", "group.psks:combine", "an unknown one is a MissingKeyError"),
    "VAL-210": Place("9.1", f"{_RATCHETS}.apply", "a generation is consumed before it is used"),
    "VAL-211": Place("9.2", f"{_RATCHETS}.apply", "and group.epoch:begin, group.state"),
    "VAL-212": Place("15.3", f"{_RATCHETS}.peek", "bounded before anything is derived"),
    "VAL-213": Place("15.3", f"{_RATCHETS}.peek", "a consumed one is a MissingKeyError"),
    "VAL-214": Place("9.2", f"{_RATCHETS}.peek", "changes nothing"),
    "VAL-215": Place("8", _ADVANCE, "the new GroupContext"),
    "VAL-216": Place("8.5", "schedule.exporter:export", "computed so"),
    "VAL-217": Place("8.7", "group.view:GroupView.epoch_authenticator", "for members to compare"),
    "VAL-218": Place("15.2", f"{_RATCHETS}.peek_next", "one message per key"),
    "VAL-219": Place("11", "group.founding:create", "epoch 0, a random epoch_secret"),
    "VAL-220": Place("11", "group.founding:check_suite_is_best", "by the policy's preference"),
    "VAL-222": Place("13.5", "tree.census:Census", "GREASE is not counted as support"),
    "APP-DATA-7": Place(
        "extensions draft, AppDataUpdate", "group.app_data:updated", "asks the application"
    ),
    "SAFE-EXPORT-1": Place(
        "extensions draft, exporter",
        "schedule.exporter_tree:ExporterTree.export",
        "a secret that was had is a MissingKeyError",
    ),
    "VAL-224": Place("17.1", "crypto.suites:SUITES", "the first row"),
}
"""By id; ids that are rules stand in :data:`covey.mls.rules.registry.RULES`."""
