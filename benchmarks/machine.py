"""The machine and the versions that figures belong to; no name of a host, no path."""

from __future__ import annotations

import os
import platform
import ssl
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

import covey

_PACKAGES: Final = ("cryptography", "PyNaCl", "msgspec", "immutables")


def describe() -> dict[str, str]:
    """What to know about the machine, by name."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} cores ({platform.machine()})",
        "Memory": f"{memory:.1f} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, "
        f"its {ssl.OPENSSL_VERSION}",
        "Packages": f"covey {covey.__version__}, {packages}",
        "Load before": " / ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")
