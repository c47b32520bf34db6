"""The table of the verbs of ``%train experiment``: what can be asked of searches; see ``commands`` for who reads it."""

from __future__ import annotations

from jupyter_training.kernel.commands import QUIET, Command, Option

__all__ = ["OUTCOMES", "RANGES", "SEARCH_VERBS", "STATES"]

STATES = ("running", "paused", "succeeded", "failed", "canceled")
OUTCOMES = ("queued", "running", "paused", "held", "completed", "stopped", "failed", "canceled", "invalid")

# How ranges of values are most often written.
RANGES = (
    "choice", "finrange", "logfinrange", "lograndint", "loguniform", "ordinal", "qloguniform", "qrandint",
    "quniform", "randint", "reverseloguniform", "uniform", "interval", "range", "tag",
)  # fmt: skip

_WHICH = "EXPERIMENT is an id or the start of one, a name, last (the newest search), or @variable with a handle."
_MANY = Option(("-n",), "how many (20)", "whole", "N")

_VALUES = (
    "Values of a parameter, with a --metric, in any of these words; a number may be written 1e-4:",
    "  choice(32,64)  32,64       one of these            ordinal(1,2,4)      these, in their order",
    "  uniform(0,1)               evenly, both ends in    loguniform(1e-4,1)  evenly in its logarithm",
    "  randint(1,8)               a whole number          lograndint(1,512)   the same in its logarithm",
    "  quniform(0,1,0.1)          in steps                finrange(0,1,11)    so many values, evenly",
    "  reverseloguniform(0.9,0.999)                       choice(sgd,adam,when='depth > 2')  under a condition",
    "  interval(0.,1.)  range(1,8)  tag(log,interval(1e-4,1.))                as Hydra has them",
    "%train experiment space lr=loguniform(1e-4,1) says how a line is understood, before anything starts.",
)


def _one(name: str, summary: str, *options: Option, notes: tuple[str, ...] = ()) -> Command:
    """A verb on one search; without a word on the newest one."""
    return Command(f"experiment {name}", summary, "[EXPERIMENT]", options, most=1, notes=(_WHICH, *notes))


def _each(name: str, summary: str, *options: Option) -> Command:
    """A verb that changes how searches go. They are named, so that none is changed by an empty line."""
    return Command(
        f"experiment {name}",
        summary,
        "EXPERIMENT...",
        (*options, QUIET),
        least=1,
        needs="to know which search",
        most=None,
        notes=(_WHICH,),
    )


_LISTED = (
    Option(("--state",), "only those in this state", "text", "STATE", choices=STATES),
    Option(("--here",), "only those of this notebook"),
    Option(("--archived",), "only those that were put away"),
    _MANY,
)

SEARCH_VERBS = (
    Command("experiment", "The newest searches; what else can be asked of them.", options=_LISTED, notes=_VALUES),
    Command("experiment list", "The newest searches.", options=_LISTED),
    _one("show", "All about one search: its card, its space, what ends it."),
    _one(
        "best",
        "The best trial with its parameters; of several metrics those that no other one beats.",
        Option(("--cell",), "put a cell with these parameters into the next cell, to be changed and run"),
    ),
    _one(
        "trials",
        "The trials of a search, the best first.",
        Option(
            ("--sort",),
            "by number, value, state, or a parameter; with - before it turned round",
            "text",
            "KEY",
            lists="axes",
        ),
        Option(("--state",), "only those in this state", "text", "STATE", choices=OUTCOMES),
        _MANY,
    ),
    _one(
        "results",
        "One row for each report that was judged, in the columns of Syne Tune.",
        Option(("-o",), "put the rows, as a list of dicts, into this variable", "variable", "VAR", lists="variables"),
        _MANY,
    ),
    _each(
        "pause",
        "Start no more trials; those that run save a checkpoint and free their places.",
        Option(("--discard",), "also those without a checkpoint: they begin anew then"),
    ),
    _each("activate", "Let paused searches go on."),
    Command(
        "experiment extend",
        "Let a search start more trials, also once it has ended.",
        "EXPERIMENT N",
        (QUIET,),
        least=2,
        most=2,
        needs="a search and by how many trials",
        notes=(_WHICH,),
    ),
    _each("retry-failed", "Try those trials again that failed; the others stay as they are."),
    _each("stop", "End searches with their trials; what they have found stays."),
    _each("kill", "End searches and their trials at once."),
    _each("archive", "Take ended searches out of the lists; nothing of them is lost."),
    _each("unarchive", "Put archived searches back into the lists."),
    _each(
        "delete",
        "Delete ended searches with their trials, checkpoints, logs and outputs; asks before.",
        Option(("--yes",), "do not ask"),
    ),
    Command(
        "experiment searchers",
        "Who can propose values, what each needs, and what the names of other programs stand for.",
    ),
    Command(
        "experiment space",
        "How values are understood: each parameter in words, how many combinations, some samples.",
        "[EXPERIMENT]",
        (Option(("-n",), "how many samples (3)", "whole", "N"),),
        most=1,
        takes_values=True,
        notes=(_WHICH, *_VALUES),
    ),
)
