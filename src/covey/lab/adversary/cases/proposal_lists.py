"""RFC 9420 §12.2: lists of proposals that may not be committed. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import committed
from covey.lab.adversary.victims import Trial

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage


@breaks("VAL-135")
def a_committer_removes_itself(stage: Stage) -> Trial:
    """Mallory commits a Remove of its own leaf."""
    mallory = stage.mallory
    bad = committed(mallory, "VAL-135", remove=[mallory.own_index])
    good = mallory.commit(remove=[stage.dave.own_index])
    return Trial(stage.victim(), bad.message, good.message)
