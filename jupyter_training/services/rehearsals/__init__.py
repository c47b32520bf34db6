"""A job's code tried for one step, in a throw-away place: nothing of it is kept, and no queue hears of it.

    request -> spec -> a home of its own below <home>/rehearsals
        1st run   test mode: one step, a report, a checkpoint
        2nd run   in the same place: does it go on from that checkpoint?
    -> what was seen, in sentences -> all of it removed

Must not know: the store's tables, HTTP, who looks. The runs are real ones, by
``backends.local.prepare`` and a supervisor. Start reading at ``rehearse``, then
``place`` (the folder and its runs) and ``telling`` (from records to sentences).
"""

from __future__ import annotations

from jupyter_training.services.rehearsals.place import sweep
from jupyter_training.services.rehearsals.rehearse import LIMIT, rehearse

__all__ = ["LIMIT", "rehearse", "sweep"]
