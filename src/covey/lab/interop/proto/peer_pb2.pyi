from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class UseCertificateRequest(_message.Message):
    __slots__ = ("identity", "certificates", "roots", "signature_priv", "cipher_suite")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_PRIV_FIELD_NUMBER: _ClassVar[int]
    CIPHER_SUITE_FIELD_NUMBER: _ClassVar[int]
    identity: bytes
    certificates: _containers.RepeatedScalarFieldContainer[bytes]
    roots: _containers.RepeatedScalarFieldContainer[bytes]
    signature_priv: bytes
    cipher_suite: int
    def __init__(self, identity: _Optional[bytes] = ..., certificates: _Optional[_Iterable[bytes]] = ..., roots: _Optional[_Iterable[bytes]] = ..., signature_priv: _Optional[bytes] = ..., cipher_suite: _Optional[int] = ...) -> None: ...

class UseCertificateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
