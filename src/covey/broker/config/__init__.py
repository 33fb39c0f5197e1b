"""The broker's configuration: what can be set, where it is read from, and how it is shown.

May import pydantic, pydantic-settings, :mod:`covey.broker.buckets`,
:mod:`covey.broker.addresses` and :mod:`covey.errors`. ``load`` is the one way in: what it
returns is complete, and free of contradictions.
"""

from __future__ import annotations

from covey.broker.config.describing import as_json, as_text, describe, reference_markdown
from covey.broker.config.errors import ConfigError, Fault
from covey.broker.config.key_file import seed_of
from covey.broker.config.loading import known, load, takes
from covey.broker.config.settings import Blobs as BlobSettings
from covey.broker.config.settings import Config, Limits

__all__ = [
    "BlobSettings",
    "Config",
    "ConfigError",
    "Fault",
    "Limits",
    "as_json",
    "as_text",
    "describe",
    "known",
    "load",
    "reference_markdown",
    "seed_of",
    "takes",
]
