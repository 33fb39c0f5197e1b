"""The page docs/performance.md: what was found, where, how, and what others need.

The page is written whole; its words are here.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, TypeVar

from benchmarks import aims, churn, machine, quantum_page
from benchmarks.counting import KEYPAIR
from benchmarks.groups import POLICY, TREES
from benchmarks.operations import OPERATIONS
from benchmarks.primitive_names import NAMES
from benchmarks.tables import milliseconds, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.suite import Results
    from benchmarks.timing import Figure

_T = TypeVar("_T")

_HEAD: Final = """# Performance

Written by `make bench`. Cipher suite 1 (X25519, AES-128-GCM, SHA-256, Ed25519), no warm caches but
those that a running client has. A *floor* is the time of the primitive calls that an operation
cannot do without; efficiency is floor by time, 1.00 would mean that Python costs nothing.
[Below](#post-quantum-suites) the post-quantum suites stand beside suite 1.

![Time by number of members, and over a thousand changes](performance.svg)
"""

_METHOD: Final = """## How it was measured

- Medians of up to {rounds} rounds of single calls, after one to warm up; garbage collection is on.
- Two trees. *log*: the members at leaves 1, 2, 4, 8, … have committed, then leaf 0, which is the
  sender. *full*: every member has committed; sender and receiver are random, and others in every
  round. Members, keys and signatures are all different and real; the log tree is made by commits
  that one could send, the full one by paths that were not encrypted to anybody
  (`benchmarks/groups.py`).
- Each round starts from a state in which nothing was sent in the epoch, and with fresh
  KeyPackages: a private handshake pays for the sender's first key in the secret tree, as it does
  in life. After each round the epoch authenticators of both sides are compared.
- The floor is timed next to each round, by making the calls: PyNaCl for X25519 and Ed25519,
  Python's own HMAC and SHA-256 (OpenSSL), AES-GCM from `cryptography`, on keys that are ready and
  inputs of the same size, in a loop. `benchmarks/floors.py` has the formulas. Verifying 32
  signatures or more, and sealing to as many members, counts 1/{threads} of its time, since the
  engine has {threads} threads for it; two are never twice as fast as one, so this floor cannot be
  reached.
- The primitive calls that the engine really makes are counted in a round of their own, and
  compared with the formula (below).
- Peak memory of an operation is what `tracemalloc` sees on top of what there was before. Memory for
  each member is by how much the resident set of a process of its own grows when it joins.
"""

_OTHERS: Final = """## Others

From another run, on a machine like this one, in ms: they show an order of magnitude and nothing
finer. Each of them grows with n where the protocol needs log n.

| | n | C++ mlspp | OpenMLS in core-crypto | ts-mls | covey, here |
|---|--:|--:|--:|--:|--:|
"""

_STORE: Final = """## The client's store

A member of the full tree keeps its group in the encrypted file. A durable send or receive is one
transaction: the group's rows, history, outbox or event; every sixteenth send also does the
transaction that reserves generations; words are indexed later. The disk's sync is that of a bare
transaction of as many bytes, measured beside each call (`benchmarks/store.py`).

"""

_TREES: Final = ("", *TREES)
_OPERATIONS: Final = tuple(operation.name for operation in OPERATIONS)

_SENT_BY_ANOTHER: Final = frozenset(
    {"process it", "process the add", "process the remove", "join", "join, tree apart"}
    | {"unprotect, first"}
)
"""Operations that send nothing; the bytes that they take in stand elsewhere."""

_REFERENCE: Final = (
    ("empty commit", 1_000, "5.5", "17.7", "481"),
    ("empty commit", 10_000, "65", "182", "–"),
    ("process it", 1_000, "8", "12", "443"),
    ("process it", 10_000, "130", "167", "–"),
    ("join", 1_000, "121", "111", "5,888"),
    ("build by one commit", 10_000, "77,000", "149,000", "–"),
    ("protect, later", 1_000, "0.10", "1.85", "1.1"),
    ("unprotect, later", 1_000, "0.24", "1.80", "0.6"),
)


def page(results: Results, rounds: int) -> str:
    """The whole page."""
    parts = [
        _HEAD,
        _aims(results),
        *_times(results),
        _sizes(results),
        _memory(results),
        _churn(results),
        _store(results),
        "" if results.quantum is None else quantum_page.section(results.quantum),
        _others(results),
        _METHOD.format(rounds=rounds, threads=POLICY.threads),
        _calls(results),
        _machine(results),
    ]
    return "\n".join(part for part in parts if part)


def summary(results: Results) -> str:
    """The aims, for the terminal."""
    lines = [
        f"{'met   ' if aim.met else 'MISSED'}  {aim.statement}: {aim.found}"
        for aim in aims.judge(results)
    ]
    return "\n".join([*lines, f"in {results.seconds:.0f} s"])


def _aims(results: Results) -> str:
    rows = [
        ("yes" if aim.met else "**no**", aim.statement, aim.found) for aim in aims.judge(results)
    ]
    return "## Aims\n\n" + table(("met", "aim", "found"), rows, left=3) if rows else ""


def _times(results: Results) -> Iterable[str]:
    for tree in _order(figure.tree for figure in results.figures):
        figures = [figure for figure in results.figures if figure.tree == tree]
        title = f"On the {tree} tree" if tree else "Without a tree to begin with"
        note = "Time and floor in ms, and efficiency; efficiencies below their aim are bold.\n\n"
        yield f"## {title}\n\n{note}" + _grid(figures, _cell)


def _cell(figure: Figure) -> str:
    efficiency = f"{figure.efficiency:.2f}"
    missed = figure.aim is not None and figure.count >= aims.EFFICIENCY_FROM
    if missed and figure.aim is not None and figure.efficiency < figure.aim:
        efficiency = f"**{efficiency}**"
    return f"{milliseconds(figure.time)} / {milliseconds(figure.floor)} / {efficiency}"


def _grid(figures: Sequence[Figure], cell: Callable[[Figure], str]) -> str:
    """A table of figures: a row for each operation, a column for each number of members."""
    counts = sorted({figure.count for figure in figures})
    keys = _order((figure.tree, figure.operation, figure.handshake) for figure in figures)
    rows = sorted(keys, key=lambda key: (_TREES.index(key[0]), _OPERATIONS.index(key[1])))
    found = {(f.operation, f.tree, f.handshake, f.count): f for f in figures}
    trees = {figure.tree for figure in figures}
    lines = []
    for tree, operation, handshake in rows:
        name = operation + (f", {handshake}" if handshake else "")
        if len(trees) > 1 and tree:
            name += f" ({tree})"
        present = [found.get((operation, tree, handshake, count)) for count in counts]
        lines.append((name, *("–" if each is None else cell(each) for each in present)))
    return table(("", *(f"n = {count:,}" for count in counts)), lines)


def _order(values: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(values))


def _sizes(results: Results) -> str:
    figures = [
        figure
        for figure in results.figures
        if figure.operation not in _SENT_BY_ANOTHER and not figure.operation.endswith("later")
    ]
    if not figures:
        return ""
    note = "What is sent: the commit (or message), the Welcome, the tree where it goes apart.\n\n"
    return "## Bytes\n\n" + note + _grid(figures, _size)


def _size(figure: Figure) -> str:
    return " + ".join(f"{size:,}" for size in figure.sizes.values())


def _memory(results: Results) -> str:
    parts = []
    if results.memories:
        rows = [
            (
                f"{tree} tree, n = {count:,}",
                f"{found.resident / (count + 1):,.0f}",
                f"{found.objects / (count + 1):,.0f}",
                f"{found.resident / 2**20:,.1f}",
                f"{found.peak / 2**20:,.1f}",
            )
            for (tree, count), found in results.memories.items()
        ]
        head = ("", "bytes for each member", "of them objects", "MiB in all", "MiB while joining")
        parts.append("A group, in a process of its own that joined it:\n\n" + table(head, rows))
    if results.figures:
        text = "Peak of an operation on top of the group, in KiB:\n\n"
        parts.append(text + _grid(results.figures, lambda figure: f"{figure.peak / 1024:,.0f}"))
    return "## Memory\n\n" + "\n".join(parts) if parts else ""


def _churn(results: Results) -> str:
    parts = []
    for series in results.series:
        count = len(series.steps)
        rows = []
        for first, last in churn.parts(count):
            part = series.part(first, last)
            rows.append(
                (
                    f"{first + 1:,} to {last:,}",
                    f"{part['members']:,.0f}",
                    _pair(part["commit"], part["commit_floor"]),
                    _pair(part["process"], part["process_floor"]),
                    f"{part['ciphertexts']:.0f}",
                    f"{part['size']:,.0f}",
                )
            )
        head = ("changes", "members", "commit", "process", "ciphertexts", "bytes")
        text = f"{count:,} {series.name} in a full tree, private handshakes, "
        text += "medians; time and floor in ms, and efficiency:\n\n"
        parts.append(text + table(head, rows))
    return "## Change after change\n\n" + "\n".join(parts) if parts else ""


def _pair(time: float, floor: float) -> str:
    return f"{milliseconds(time)} / {milliseconds(floor)} / {floor / time:.2f}"


def _store(results: Results) -> str:
    if not results.kept:
        return ""
    heads = [f"n = {each.members:,}" for each in results.kept]
    rows = [
        ("bytes on disk for each member", *(f"{k.size / k.members:,.0f}" for k in results.kept)),
        ("rows in all", *(f"{each.rows:,}" for each in results.kept)),
        (
            "rows of a commit that we make, until it is accepted",
            *(f"{k.made}" for k in results.kept),
        ),
        ("rows of a commit that we follow", *(f"{each.followed}" for each in results.kept)),
        ("to read them all, ms", *(milliseconds(each.read) for each in results.kept)),
        ("to make the group of them, ms", *(milliseconds(each.load) for each in results.kept)),
    ]
    for name in _order(each.name for each in results.durable):
        found = [each for each in results.durable if each.name == name]
        rows += [
            (f"{name}, without waiting for the disk, ms", *_medians(each.off for each in found)),
            (f"{name}, with it, ms", *_medians(each.full for each in found)),
            ("… beyond the disk's sync", *(milliseconds(each.beyond) for each in found)),
            ("… bytes to the log", *(f"{each.written:,}" for each in found)),
        ]
    text = _STORE + table(("", *heads), rows)
    for caught in results.caught_up:
        text += (
            f"\nOf {caught.members:,} members, one was away and reads {caught.messages:,} messages"
            f" in {caught.pages} pages, at {caught.rate:,.0f} each second; decryption"
            f" alone would take {caught.efficiency:.2f} of that time.\n"
        )
    opening = results.opening
    if opening is not None:
        text += (
            f"\nA store with {opening.groups} groups of {opening.members:,} members each"
            f" ({opening.size / 2**20:,.0f} MiB) is opened by a key in"
            f" {milliseconds(opening.opened)} ms; {milliseconds(opening.listed)} ms after the"
            f" beginning the groups are listed, and {milliseconds(opening.first)} ms later one of"
            " them has been read, has reserved generations and has encrypted a message.\n"
        )
    return text


def _medians(times: Iterable[list[float]]) -> list[str]:
    return [milliseconds(median(each)) for each in times]


def _others(results: Results) -> str:
    rows = []
    for operation, count, *others in _REFERENCE:
        ours = [f.time for f in results.figures if (f.operation, f.count) == (operation, count)]
        here = milliseconds(median(ours)) if ours else "–"
        rows.append(f"| {operation} | {count:,} | {' | '.join(others)} | {here} |\n")
    return _OTHERS + "".join(rows)


def _calls(results: Results) -> str:
    """Where the engine calls primitives more or less often than the formula says."""
    names = (*NAMES, KEYPAIR)
    largest: dict[tuple[str, str], Figure] = {}
    for figure in results.figures:
        if figure.made and figure.count >= aims.EFFICIENCY_FROM:
            largest[figure.operation, figure.tree] = figure
    rows = []
    for figure in largest.values():
        beyond = ", ".join(
            f"{figure.beyond[name]:+,} {name}" for name in names if name in figure.beyond
        )
        needed = ", ".join(
            f"{figure.needed[name]:,} {name}" for name in names if name in figure.needed
        )
        where = f"{figure.operation}{f' ({figure.tree})' if figure.tree else ''}, {figure.count:,}"
        rows.append((where, needed, beyond or "as many"))
    if not rows:
        return ""
    head = ("", "calls of the floor", "the engine makes")
    return "## Primitive calls\n\nOne round of each, private handshakes.\n\n" + table(head, rows, 3)


def _machine(results: Results) -> str:
    rows = [*machine.describe().items()]
    prices = ", ".join(f"{name} {price * 1e6:.1f}" for name, price in results.prices.items())
    rows += [("One call, µs", prices), ("The whole run", f"{results.seconds / 60:.1f} minutes")]
    return "## Machine and versions\n\n" + table(("", ""), rows, left=2)
