"""What a store of blobs stands on in the tests: a folder, or a part of a bucket.

A ground can be told to another process, so that several open stores on one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covey.broker.blobs.bucket import Bucket
from covey.broker.blobs.files import FileBlobs
from covey.broker.blobs.pieces import Pieces
from covey.broker.blobs.s3 import S3Blobs

if TYPE_CHECKING:
    from covey.broker.blobs.port import Blobs
    from s3 import Server

SMALL = Pieces(most=64, least=8)
"""Pieces of which a short blob has many."""


@dataclass(frozen=True)
class Ground:
    """A folder, or a bucket and the prefix of a test in it.

    Attributes:
        folder: The folder, if it is one.
        server: The server's endpoint, access key, secret key and bucket, if it is one.
        prefix: What the names of this test's objects begin with.
    """

    folder: str = ""
    server: tuple[str, str, str, str] = ("", "", "", "")
    prefix: str = ""

    @classmethod
    def on(cls, server: Server, prefix: str) -> Ground:
        """A part of a server's bucket."""
        place = (server.endpoint, server.access_key, server.secret_key, server.bucket)
        return cls(server=place, prefix=prefix)

    @classmethod
    def told(cls, text: str) -> Ground:
        """What another process has told."""
        fields = json.loads(text)
        return cls(fields["folder"], tuple(fields["server"]), fields["prefix"])

    def tell(self) -> str:
        """The ground, for another process."""
        return json.dumps(asdict(self))

    def bucket(self) -> Bucket:
        """The settings of the bucket."""
        endpoint, access_key, secret_key, name = self.server
        return Bucket(
            name=name,
            endpoint=endpoint,
            access_key=access_key,
            secret_key=secret_key,
            prefix=self.prefix,
            patience=10,
        )

    def store(self, pieces: Pieces = SMALL) -> Blobs:
        """A store that stands on it; not the only one, perhaps."""
        if self.folder:
            return FileBlobs(Path(self.folder), pieces)
        return S3Blobs(self.bucket(), pieces)
