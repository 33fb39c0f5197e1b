"""Results as pyperf's JSON, so that two runs can be compared: `pyperf compare_to old new`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyperf

from benchmarks import machine
from benchmarks.quantum import Quantum

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.suite import Results


def write(results: Results, path: Path) -> None:
    """Write every figure, with its floor, sizes, memory and calls as metadata."""
    about = {f"covey_{name.lower().replace(' ', '_')}": text for name, text in _about().items()}
    made = []
    for figure in results.figures:
        metadata: dict[str, str | int | float] = {
            "name": figure.name,
            "floor": figure.floor,
            "efficiency": figure.efficiency,
            "peak_bytes": figure.peak,
        }
        metadata |= {f"bytes_{name}": size for name, size in figure.sizes.items()}
        metadata |= {f"calls_{name}": count for name, count in figure.made.items()}
        metadata |= {f"floor_calls_{name}": count for name, count in figure.needed.items()}
        made.append(_benchmark(figure.times, {**about, **metadata}))
    for suite, figures in (results.quantum or Quantum()).figures.items():
        for figure in figures:
            name = f"post-quantum / 0x{suite:04x} / {figure.operation} / {figure.count}"
            metadata = {"name": name, "floor": figure.floor, "efficiency": figure.efficiency}
            metadata |= {f"bytes_{of}": size for of, size in figure.sizes.items()}
            made.append(_benchmark(figure.times, {**about, **metadata}))
    for (tree, count), memory in results.memories.items():
        name = f"memory / {tree} / {count}"
        metadata = {
            "name": name,
            "unit": "byte",
            "peak_bytes": memory.peak,
            "object_bytes": memory.objects,
        }
        made.append(_benchmark([memory.resident], {**about, **metadata}))
    for durable in results.durable:
        for kind, times in (("synchronous", durable.full), ("not synchronous", durable.off)):
            name = f"store / {durable.name} / {durable.members} / {kind}"
            metadata = {"name": name, "bytes_log": durable.written, "sync": durable.sync}
            made.append(_benchmark(times, {**about, **metadata}))
    for series in results.series:
        for kind in ("commit", "process"):
            values = [getattr(step, kind) for step in series.steps]
            made.append(_benchmark(values, {**about, "name": f"churn / {series.name} / {kind}"}))
    pyperf.BenchmarkSuite(made).dump(str(path), replace=True)


def _about() -> dict[str, str]:
    return machine.describe()


def _benchmark(values: list[float], metadata: dict[str, str | int | float]) -> pyperf.Benchmark:
    return pyperf.Benchmark([pyperf.Run(values, metadata=metadata, collect_metadata=False)])
