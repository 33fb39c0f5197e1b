"""How drawings and pages look, in light and in dark. May import nothing.

Every rule begins with a class of covey's own: the picture may stand in a page beside others.
"""

from __future__ import annotations

from typing import Final

_SHAPES: Final = """
.covey-tree text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.covey-tree .head { font-size: 15px; font-weight: 600; }
.covey-tree .number { font-size: 11px; text-anchor: middle; }
.covey-tree .name { font-weight: 600; }
.covey-tree .key { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12px; }
.covey-tree .said { font-weight: 600; }
.covey-tree .edge, .covey-tree .lead { fill: none; stroke-width: 1.5; }
.covey-tree .lead { stroke-dasharray: 1 5; stroke-linecap: round; }
.covey-tree .node { stroke-width: 1.5; }
.covey-tree .blank { stroke-dasharray: 4 3; }
.covey-tree .on { stroke-width: 3; }
.covey-tree .badge { stroke-width: 1.5; }
.covey-tree .count { font-size: 10px; font-weight: 700; text-anchor: middle; }
"""

_LIGHT: Final = {
    ".paper": "fill: #ffffff",
    "text": "fill: #1f2937",
    ".dim, .covey-tree .key": "fill: #5b6472",
    ".edge": "stroke: #8a93a3",
    ".lead": "stroke: #c3c9d2",
    ".leaf": "fill: #dbeafe; stroke: #2563eb",
    ".parent": "fill: #dcfce7; stroke: #15803d",
    ".blank": "fill: #ffffff; stroke: #8a93a3",
    ".folded": "fill: #eceef2; stroke: #5b6472",
    ".badge": "fill: #b45309; stroke: #ffffff",
    ".count": "fill: #ffffff",
    ".on": "stroke: #7c3aed",
    ".own": "fill: #ddd6fe",
    ".said": "fill: #6d28d9",
}
_DARK: Final = {
    ".paper": "fill: #14181f",
    "text": "fill: #e6e9ef",
    ".dim, .covey-tree .key": "fill: #a3adbb",
    ".edge": "stroke: #6e7889",
    ".lead": "stroke: #3a4351",
    ".leaf": "fill: #1d3557; stroke: #7fb0ff",
    ".parent": "fill: #173f2a; stroke: #5fd38d",
    ".blank": "fill: #14181f; stroke: #8792a3",
    ".folded": "fill: #262d38; stroke: #a3adbb",
    ".badge": "fill: #f0a955; stroke: #14181f",
    ".count": "fill: #14181f",
    ".on": "stroke: #c4a6ff",
    ".own": "fill: #46308a",
    ".said": "fill: #cdb4ff",
}


def _rules(colours: dict[str, str]) -> str:
    return "".join(f".covey-tree {what} {{ {how}; }}\n" for what, how in colours.items())


STYLE: Final = (
    f"{_SHAPES}{_rules(_LIGHT)}@media (prefers-color-scheme: dark) {{\n{_rules(_DARK)}}}\n"
)
"""The style sheet of a drawing."""
