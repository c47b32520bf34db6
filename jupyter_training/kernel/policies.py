"""What a job's options say of retries, checkpoints and silence, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_training.kernel.wording import number, span_text

__all__ = ["KEEPS", "folded", "hang_text", "keep_text", "policy_text", "removed_text", "retries_text"]

# The options that change what is kept, and what the server calls that.
KEEPS = {"keep_latest": "trial_latest", "keep_best": "trial_best", "keep_experiment_best": "experiment_best"}

_AFTER = {"error": "an error", "timeout": "its time limit", "lost": "a vanished process", "preempted": "making room"}


def retries_text(retries: Mapping[str, Any]) -> str:
    """``at most 5, after an error or a vanished process``."""
    ends = [_AFTER.get(one, one) for one in retries["on"]]
    if not retries["max"] or not ends:
        return "none"
    return f"at most {number(retries['max'])}, after {_joined(ends, 'or')}"


def policy_text(policy: Mapping[str, Any]) -> str:
    """``kept: the newest and the best 2 (lowest loss), at s3://bucket/a``."""
    place = f", at {policy['to']}" if policy["to"] else ""
    return f"kept: {keep_text(policy['keep'], policy['metric'], policy['mode'])}{place}"


def keep_text(keep: Mapping[str, int], metric: str | None, mode: str) -> str:
    """``the newest and the best 2 (lowest loss)``. Without a metric none is the best."""
    words = [f"the newest{_many(keep['trial_latest'])}"] if keep["trial_latest"] else []
    if metric is not None:
        by = f" ({'lowest' if mode == 'min' else 'highest'} {metric})"
        words += [f"the best{_many(keep['trial_best'])}{by}"] if keep["trial_best"] else []
        words += [f"the best{_many(keep['experiment_best'])} of its experiment"] if keep["experiment_best"] else []
    return _joined(words, "and") or "none"


def folded(checkpoints: Sequence[Mapping[str, Any]], *, everything: bool) -> tuple[Sequence[Mapping[str, Any]], int]:
    """Those to be listed, and how many removed ones are not, unless ``everything`` is."""
    shown = [one for one in checkpoints if everything or one["state"] != "deleted"]
    return shown, len(checkpoints) - len(shown)


def removed_text(count: int) -> str:
    """``and 34 removed``: a line below those that are listed."""
    return f"and {count} removed"


def hang_text(hang: Mapping[str, Any]) -> str:
    """``after 30 min without a sign of life it is warned of and stopped``."""
    after = f"after {span_text(hang['after'])}" if hang["after"] else "after a while"
    return f"{after} without a sign of life it is warned of" + (" and stopped" if hang["stop"] else "")


def _many(count: int) -> str:
    return f" {count}" if count > 1 else ""


def _joined(words: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
