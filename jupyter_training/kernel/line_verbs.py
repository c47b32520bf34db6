"""The table of the verbs of ``%train``; see ``commands`` for who reads it."""

from __future__ import annotations

from jupyter_training.kernel.commands import BACKEND, INTO, PRIORITY, QUIET, SERVED, WEIGHT, Command, Option
from jupyter_training.kernel.search_commands import SEARCH_VERBS

__all__ = ["SYNONYMS", "VERBS", "verbs_below"]

# What people type who know another program; it is named in the refusal.
SYNONYMS = {
    "filter": "list",
    "find": "list",
    "jobs": "list",
    "ls": "list",
    "ps": "list",
    "describe": "show",
    "status": "show",
    "log": "logs",
    "tail": "logs",
    "stop": "cancel",
    "copy": "clone",
    "rerun": "clone",
    "branch": "fork",
    "extend": "resume",
    "hold": "pause",
    "suspend": "pause",
    "start": "activate",
    "unpause": "activate",
    "restart": "retry",
    "remove": "delete",
    "rm": "delete",
    "waiting": "queue",
    "move": "queue update",
    "update": "queue update",
    "priority": "queue update",
    "update-batch": "queue update-batch",
    "after": "queue after",
    "experiments": "experiment",
    "search": "experiment",
    "sweep": "experiment",
    "tune": "experiment",
    "trials": "experiment trials",
    "searchers": "experiment searchers",
    "best": "experiment best",
    "results": "experiment results",
    "experiment cancel": "stop",
    "experiment resume": "extend",
    "experiment retry": "retry-failed",
    "experiment ls": "list",
    "experiment rm": "delete",
}

_JOB = "JOB is an id or the start of one, a name, last, or @variable with a handle."

# What a pattern stands for behind a verb; it is found by ``meant``.
_UNFINISHED = "A pattern like 'lr-*' means all unfinished jobs whose name fits."
_PAUSED = "A pattern like 'lr-*' means all paused jobs whose name fits."
_NEWEST = "A pattern like 'lr-*' means the newest job of each name that fits, in this notebook."
_ENDED = "A pattern like 'lr-*' means the ended jobs of this notebook whose names fit."
_ARCHIVED = "A pattern like 'lr-*' means the archived jobs of this notebook whose names fit."

_STATES = ("queued", "running", "paused", "succeeded", "failed", "canceled")

# Options that several verbs have, or that would hide a verb among their lines.
_WAIT = Option(("--wait",), "stay until it has ended; a failure is raised")
_YES = Option(("--yes",), "do not ask")
_NEW = (  # of what makes a job of another one
    Option(("--name",), "its name (that of the old one)", "text", "NAME"),
    Option(("--config",), "with the keys of this %%train_config cell", "text", "NAME", lists="configs"),
    Option(("--pool",), "where it waits and runs", "text", "POOL", "pool", lists="pools"),
    BACKEND,
    PRIORITY,
    WEIGHT,
    *SERVED,
    _WAIT,
    INTO,
    QUIET,
)
_CHECKPOINT = Option(
    ("--checkpoint",), "this one, by its step or name (the newest)", "text", "STEP", "checkpoint", lists="checkpoints"
)
_OF_EXPERIMENT = "keep so many of the best of its experiment; of the job alone where it belongs to none"
_KEPT = (
    Option(("--all",), "also each of those that were removed"),
    Option(("--keep-latest",), "keep so many of the newest", "whole", "N"),
    Option(("--keep-best",), "keep so many of the best", "whole", "N"),
    Option(("--keep-experiment-best",), _OF_EXPERIMENT, "whole", "N"),
    Option(("--metric",), "what makes a checkpoint a good one", "text", "NAME"),
    Option(("--mode",), "which value of it is better", "text", "min|max", choices=("min", "max")),
    Option(("--yes",), "do not ask before checkpoints are removed"),
)
_LISTED = (
    Option(("--state",), "only jobs in this state", "text", "STATE", choices=_STATES),
    Option(("--here",), "only jobs of this notebook"),
    Option(("-n",), "how many (20)", "whole", "N"),
)
_LOGGED = (
    Option(("-n",), "how many lines (50)", "whole", "N"),
    Option(("-f", "--follow"), "go on until the job has ended"),
    Option(("--attempt",), "of this attempt instead of the latest", "whole", "N"),
)
_QUEUED = (
    Option(("--pool",), "of this pool (the default one)", "text", "POOL", lists="pools"),
    Option(("--all-pools",), "of every pool"),
    Option(("-n", "--limit"), "how many jobs (100)", "whole", "N"),
    Option(("--reverse",), "the last one first"),
)
_MOVED = (
    Option(("--priority",), "1 to 99, smaller goes first", "amount", "N", "priority"),
    Option(("--weight",), "its share in a pool that shares fairly, above 0", "amount", "W", "weight"),
    Option(("--resource-pool",), "where it waits and runs", "text", "POOL", "resource_pool", lists="pools"),
    Option(("--ahead-of",), "just before this job, and with its priority", "text", "JOB", "ahead_of", lists="jobs"),
    Option(("--behind-of",), "just after this job, and with its priority", "text", "JOB", "behind_of", lists="jobs"),
    Option(("--top",), "before all others of its priority", key="top"),
    Option(("--bottom",), "after all others of its priority", key="bottom"),
    Option(
        ("--position",),
        "at this place of the whole queue, from 1: one more than its # shall be",
        "whole",
        "P",
        "position",
    ),
)
_ITEMS = (
    "An ITEM is JOB.OPERATION=VALUE, and OPERATION an option of %train queue update without its dashes:",
    '%train queue update-batch a.priority=1 b.resource-pool="lab" c.ahead-of=a d.top',
    "The last dot before an operation divides the job from it. Items are carried out one after the other.",
)
_FILTER = (
    "FILTER is a part of a name, and what tells jobs apart: state:failed tag:team=vision user:x pool:x",
    "notebook:x; comparisons over metrics and parameters, as in val_accuracy>0.9 lr<=0.1; a - before a",
    "word negates it; is:archived has what was put away. With - or spaces in it, put it in quotes:",
    "%train list 'state:failed -tag:old'",
)


def _one(name: str, summary: str, *options: Option, values: bool = False, notes: tuple[str, ...] = ()) -> Command:
    """A verb on one job; without a word on the last one."""
    return Command(name, summary, "[JOB]", options, most=1, takes_values=values, notes=(_JOB, *notes))


def _each(name: str, summary: str, pattern: str, *options: Option) -> Command:
    """A verb that changes how any number of jobs goes. They are named, so that none is changed by an empty line."""
    return Command(name, summary, "JOB...", (*options, QUIET), least=1, most=None, notes=(_JOB, pattern))


VERBS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "list", "The newest jobs, or those that a filter fits.", "[FILTER...]", _LISTED, most=None, notes=_FILTER
        ),
        _one("show", "All about one job."),
        _one("logs", "The end of a job's output.", *_LOGGED),
        Command("metrics", "A job's metrics with their curves.", "[JOB] [METRIC...]", most=None, notes=(_JOB,)),
        Command(
            "wait",
            "Stay until jobs have ended; a failure is raised.",
            "[JOB...]",
            (Option(("--timeout",), "give up waiting after so many seconds", "number", "SECONDS"), QUIET),
            most=None,
            notes=(_JOB, _NEWEST, "Interrupting the kernel stops the waiting, not the job."),
        ),
        _each("cancel", "Ask jobs to stop: first politely, after the grace time by force.", _UNFINISHED),
        _each("kill", "End jobs at once, without a chance to save anything.", _UNFINISHED),
        _each(
            "pause",
            "Save a checkpoint, free the place, and wait to be activated.",
            _UNFINISHED,
            Option(("--discard",), "at once: what came after the last checkpoint is lost"),
        ),
        _each("activate", "Let paused jobs go on from their last checkpoint.", _PAUSED),
        _each(
            "retry",
            "Start jobs again that failed or were stopped, from their last checkpoint.",
            _NEWEST,
            Option(("--force",), "also what has succeeded"),
        ),
        _one(
            "resume",
            "Extend a job that has ended, from its last checkpoint; counts of steps mean so many more.",
            *(_WAIT, INTO, QUIET),
            values=True,
            notes=("It stays the same job with the same run in MLflow; key=value changes a parameter.",),
        ),
        _one(
            "fork",
            "Make a new job of a job's code, with other parameters and without its weights.",
            *_NEW,
            values=True,
        ),
        _one(
            "continue",
            "Make a new job of a job's code that begins with one of its checkpoints.",
            *(_CHECKPOINT, *_NEW),
            values=True,
        ),
        _one("checkpoints", "A job's checkpoints; with --keep-... which of them stay from now on.", *_KEPT),
        Command("pools", "Every pool with what it has and uses, and why it has no more."),
        Command("queue", "What waits and runs in a pool, in its order, and why it waits.", options=_QUEUED),
        Command(
            "queue update",
            "Change one thing of a job's place: its priority, its weight, its pool, before or behind which it stands.",
            "JOB",
            (*_MOVED, QUIET),
            least=1,
            most=1,
            notes=(_JOB, "Exactly one of the options is given."),
        ),
        Command(
            "queue update-batch",
            "Change several jobs' places, with a result for each item.",
            "ITEM...",
            (Option(("--atomic",), "all of them or none"), QUIET),
            least=1,
            needs="to know what to change",
            most=None,
            notes=_ITEMS,
        ),
        Command(
            "queue after",
            "Let a waiting job start once others have succeeded; without others it waits for none any more.",
            "JOB [OTHER...]",
            (QUIET,),
            least=1,
            most=None,
            notes=(_JOB,),
        ),
        *SEARCH_VERBS,
        _each("archive", "Take ended jobs out of the lists; nothing of them is lost.", _ENDED),
        _each("unarchive", "Put archived jobs back into the lists.", _ARCHIVED),
        _each("delete", "Delete ended jobs with their checkpoints, logs and outputs; asks before.", _ENDED, _YES),
        _one("clone", "Put a job's cell into the next cell, to be changed and run again."),
        _one("attach", "Give the handle of a job back, e.g. after a restart.", INTO, QUIET),
        Command("doctor", "What this kernel is connected to, and what is wrong with it."),
        Command("help", "This help, or that of one verb.", "[VERB]", most=2),
    )
}


def verbs_below(name: str) -> list[str]:
    """The second words of the verbs that begin with this one: ``update`` below ``queue``."""
    return [verb.removeprefix(f"{name} ") for verb in VERBS if verb.startswith(f"{name} ")]
