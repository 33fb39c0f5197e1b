"""RFC 9420 §12.4.3: GroupInfo and Welcome. Data only; may import earlier chapters."""

from __future__ import annotations

from typing import ClassVar

from covey.mls.structs.extensions import Extension
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
from covey.mls.structs.tree import HPKECiphertext
from covey.mls.wire.code_points import WireFormat
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint16, uint32


class GroupInfo(WireStruct):
    """The public state of an epoch, signed by a member (§12.4.3).

    struct {
        GroupContext group_context;
        Extension extensions<V>;
        MAC confirmation_tag;
        uint32 signer;
        opaque signature<V>;
    } GroupInfo;
    """

    tag: ClassVar[int] = WireFormat.mls_group_info

    group_context: GroupContext
    extensions: tuple[Extension, ...]
    confirmation_tag: opaque
    signer: uint32
    signature: opaque
    raw: bytes = b""


class PathSecret(WireStruct):
    """The path secret of the lowest node that committer and joiner share (§12.4.3.1).

    struct {
        opaque path_secret<V>;
    } PathSecret;
    """

    secret: ClassVar[bool] = True

    path_secret: opaque


class GroupSecrets(WireStruct):
    """The secrets that a joiner needs (§12.4.3.1).

    struct {
        opaque joiner_secret<V>;
        optional<PathSecret> path_secret;
        PreSharedKeyID psks<V>;
    } GroupSecrets;
    """

    secret: ClassVar[bool] = True

    joiner_secret: opaque
    path_secret: PathSecret | None
    psks: tuple[PreSharedKeyID, ...]


class EncryptedGroupSecrets(WireStruct):
    """GroupSecrets for one joiner (§12.4.3.1).

    struct {
        KeyPackageRef new_member;
        HPKECiphertext encrypted_group_secrets;
    } EncryptedGroupSecrets;
    """

    new_member: opaque
    encrypted_group_secrets: HPKECiphertext


class Welcome(WireStruct):
    """Lets new members into an epoch (§12.4.3.1).

    struct {
        CipherSuite cipher_suite;
        EncryptedGroupSecrets secrets<V>;
        opaque encrypted_group_info<V>;
    } Welcome;
    """

    tag: ClassVar[int] = WireFormat.mls_welcome

    cipher_suite: uint16
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: opaque
