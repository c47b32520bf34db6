"""The verbs that change how jobs go: stop, pause, start again, put away, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_training.errors import InvalidUsage, Refused
from jupyter_training.kernel import bulk, service_words, tell
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.asking import agreed
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.wording import plain, start_text

__all__ = ["ACTIONS"]

Job = Mapping[str, Any]

_NAMED = 10  # jobs that a question names


def cancel(desk: Desk, parsed: Parsed) -> None:
    bulk.act(desk, parsed, "cancel", lambda job: "is asked to stop")


def kill(desk: Desk, parsed: Parsed) -> None:
    bulk.act(desk, parsed, "kill", lambda job: "is being killed")


def pause(desk: Desk, parsed: Parsed) -> None:
    how = "at once" if parsed.on("discard") else "after its next checkpoint"
    bulk.act(desk, parsed, "pause", lambda job: "is paused" if job["phase"] == "paused" else f"is asked to pause {how}")


def activate(desk: Desk, parsed: Parsed) -> None:
    bulk.act(desk, parsed, "activate", lambda job: _starts(job, "goes on"), then=desk.session.drawer.again)


def retry(desk: Desk, parsed: Parsed) -> None:
    bulk.act(desk, parsed, "retry", lambda job: _starts(job, "is tried again"), then=desk.session.drawer.again)


def archive(desk: Desk, parsed: Parsed) -> None:
    bulk.act(desk, parsed, "archive", lambda job: "is archived")


def unarchive(desk: Desk, parsed: Parsed) -> None:
    bulk.act(desk, parsed, "unarchive", lambda job: "is back in the lists")


def delete(desk: Desk, parsed: Parsed) -> None:
    """Delete jobs, once somebody has agreed to the list of what goes.

    Raises:
        InvalidUsage: nobody can be asked here, and --yes was not said.
        Refused: the answer was no.
    """
    named = bulk.found(desk, parsed, "delete")
    going = [job for job in named.jobs.values() if "delete" in job["verbs"]]  # the others are refused with their reason
    if going and not parsed.on("yes"):
        answer = agreed(desk.shell, _question(going))
        if answer is None:
            what = tell.called(going[0]) if len(going) == 1 else f"{len(going)} jobs"
            raise InvalidUsage(
                f"{what} would be deleted, with checkpoints, logs and outputs, and nobody can be asked here.",
                hint=f"If that is meant: {_again(parsed)} --yes",
            )
        if not answer:
            raise Refused("Nothing was deleted.")
    before = {job["id"]: job for job in named.jobs.values()}  # a deleted one has no attempts any more
    bulk.act(desk, parsed, "delete", lambda job: _deleted(before[job["id"]]), jobs=named)


def _deleted(job: Job) -> str:
    left = "" if plain() else service_words.stays(job)
    return f"is deleted. {left}" if left else "is deleted"


def _starts(job: Job, verb: str) -> str:
    if plain():
        return verb
    if not job["attempts"]:
        return f"{verb}: it waits for its turn"
    return f"{verb} {start_text(job)}"


def _question(jobs: list[Job]) -> str:
    lines = [f"  {tell.called(job)}  {job['phase']}{_belongings(job)}" for job in jobs[:_NAMED]]
    if len(jobs) > _NAMED:
        lines.append(f"  and {len(jobs) - _NAMED} more")
    what = "this job" if len(jobs) == 1 else f"these {len(jobs)} jobs"
    runs = "Its run lies" if len(jobs) == 1 else "Their runs lie"
    head = f"Delete {what} for good, with checkpoints, logs and outputs? {runs} in MLflow's trash then."
    return "\n".join([head, *lines, "Type yes to delete: "])


def _belongings(job: Job) -> str:
    newest = job["checkpoint"]
    if newest is None:
        return ""
    count = newest["count"]
    return f", {count} checkpoint{'' if count == 1 else 's'} up to step {newest['step']}"


def _again(parsed: Parsed) -> str:
    """The line as it was typed, to be typed again."""
    return " ".join([parsed.command.magic, *(word for word, _ in parsed.written)])


ACTIONS: dict[str, Callable[[Desk, Parsed], None]] = {
    "cancel": cancel,
    "kill": kill,
    "pause": pause,
    "activate": activate,
    "retry": retry,
    "archive": archive,
    "unarchive": unarchive,
    "delete": delete,
}
