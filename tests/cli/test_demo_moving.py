"""``covey demo --post-quantum``: twenty members, a real broker, two moves."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from broker_process import COVEY
from lengths import only_in_full

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the demo needs a POSIX system")


def test_twenty_members_move_twice_and_nothing_is_lost() -> None:
    only_in_full("it takes most of a minute")
    ended = subprocess.run(  # noqa: S603 - our own program
        [*COVEY, "demo", "--post-quantum", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    scenes = [json.loads(line) for line in ended.stdout.splitlines()]
    checks = [each for each in scenes if each["scene"] == "check"]
    assert [each["what"] for each in checks if not each["passed"]] == []
    assert len(checks) >= 8
    assert scenes[-1]["passed"] is True
    assert sum("Act" in each["scene"].title() for each in scenes) == 4
