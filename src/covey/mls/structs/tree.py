"""RFC 9420 §7: what stands in the ratchet tree, and UpdatePath.

Data only; may import the wire layer, credentials and extensions.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from covey.mls.structs.credentials import Credential
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import LeafNodeSource, NodeType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, Tagged, opaque, uint16, uint32, uint64


class Capabilities(WireStruct):
    """What a client supports (§7.2); unknown values are kept and ignored.

    struct {
        ProtocolVersion versions<V>;
        CipherSuite cipher_suites<V>;
        ExtensionType extensions<V>;
        ProposalType proposals<V>;
        CredentialType credentials<V>;
    } Capabilities;
    """

    versions: tuple[uint16, ...]
    cipher_suites: tuple[uint16, ...]
    extensions: tuple[uint16, ...]
    proposals: tuple[uint16, ...]
    credentials: tuple[uint16, ...]


class Lifetime(WireStruct):
    """When a KeyPackage may be used, in seconds since the Unix epoch (§7.2).

    struct {
        uint64 not_before;
        uint64 not_after;
    } Lifetime;
    """

    not_before: uint64
    not_after: uint64


class LeafNode(WireStruct):
    """One member, signed by itself (§7.2).

    struct {
        HPKEPublicKey encryption_key;
        SignaturePublicKey signature_key;
        Credential credential;
        Capabilities capabilities;
        LeafNodeSource leaf_node_source;
        select (LeafNode.leaf_node_source) {
            case key_package: Lifetime lifetime;
            case update:      struct{};
            case commit:      opaque parent_hash<V>;
        };
        Extension extensions<V>;
        opaque signature<V>;
    } LeafNode;
    """

    tag: ClassVar[int] = NodeType.leaf

    encryption_key: opaque
    signature_key: opaque
    credential: Credential
    capabilities: Capabilities
    leaf_node_source: LeafNodeSource
    lifetime: Annotated[Lifetime | None, Case("leaf_node_source", (LeafNodeSource.key_package,))]
    parent_hash: Annotated[opaque | None, Case("leaf_node_source", (LeafNodeSource.commit,))]
    extensions: tuple[Extension, ...]
    signature: opaque
    raw: bytes = b""


class ParentNode(WireStruct):
    """An inner node whose private key the members below it hold (§7.1).

    struct {
        HPKEPublicKey encryption_key;
        opaque parent_hash<V>;
        uint32 unmerged_leaves<V>;
    } ParentNode;
    """

    tag: ClassVar[int] = NodeType.parent

    encryption_key: opaque
    parent_hash: opaque
    unmerged_leaves: tuple[uint32, ...] = ()


Node = Annotated[LeafNode | ParentNode, Tagged(1)]
"""A node of the tree (§12.4.3.3).

struct {
    NodeType node_type;
    select (Node.node_type) {
        case leaf:   LeafNode leaf_node;
        case parent: ParentNode parent_node;
    };
} Node;
"""


class RatchetTreeNodes(WireStruct):
    """The tree as an array, left to right, trailing blanks cut off (§12.4.3.3).

    optional<Node> ratchet_tree<V>;
    """

    ratchet_tree: tuple[Node | None, ...]


class HPKECiphertext(WireStruct):
    """An HPKE encapsulation and what was sealed with it (§7.6).

    struct {
        opaque kem_output<V>;
        opaque ciphertext<V>;
    } HPKECiphertext;
    """

    kem_output: opaque
    ciphertext: opaque


class UpdatePathNode(WireStruct):
    """A new key for one parent, and its path secret for those below (§7.6).

    struct {
        HPKEPublicKey encryption_key;
        HPKECiphertext encrypted_path_secret<V>;
    } UpdatePathNode;
    """

    encryption_key: opaque
    encrypted_path_secret: tuple[HPKECiphertext, ...]


class UpdatePath(WireStruct):
    """New keys along the sender's filtered direct path, leaf to root (§7.6).

    struct {
        LeafNode leaf_node;
        UpdatePathNode nodes<V>;
    } UpdatePath;
    """

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]
