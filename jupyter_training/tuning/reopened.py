"""The rules of a search that goes on after its end: extended, or with failed trials that are tried again.

What had ended it would end it again at once. So a rule that is no limit in
trials counts no more, and only as many trials are begun as a person asks for,
however many a limit in trials would have left; failures are counted anew; and a
limit in trials that was reached lets what a person has begun again come to its end.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_training.core.experiment import StopRule
from jupyter_training.core.stop_rule import Concluded, Ruling, begun_at_most, extended, most_failures

__all__ = ["in_force", "softened"]


def in_force(stop: StopRule, concluded: Sequence[Concluded], more: int, *, workers: int, forgiven: int) -> StopRule:
    """The rule as it stands after these ends and extensions. ``forgiven``: failures that are counted no more."""
    found = extended(stop, more)
    for one in concluded:
        found = extended(found, 0, ended_by=one.rule)
        if one.rule in ("max_failures", "all_failed") and stop.max_failures is not None:
            found = found.model_copy(update={"max_failures": forgiven + most_failures(stop, workers)})
    most = begun_at_most(concluded, more)
    if most is not None:
        limit = found.max_trials_started
        found = found.model_copy(update={"max_trials_started": most if limit is None else min(most, limit)})
    return found


def softened(found: Ruling, concluded: Sequence[Concluded], more: int) -> Ruling:
    """The ruling, where its limit had ended the search before, and was not raised since: nothing more is begun."""
    now = found.now
    if now is None or not any(one.rule == now.rule and one.more == more for one in concluded):
        return found
    if now.is_failure:
        return found
    return Ruling(may_start=0, when_idle=now, within=found.within)
