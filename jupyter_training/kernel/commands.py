"""The one table of what can be typed behind ``%%train``; that of ``%train`` is in ``line_verbs``.

Parsing, help, completion and the hints of errors all read it, so that none of
them can know an option that another does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "BACKEND", "CELL", "CONFIG", "FRONT", "INTO", "PRIORITY", "QUIET", "SEARCHED", "SERVED", "WEIGHT",
    "Command", "Option",
]  # fmt: skip

Kind = Literal[
    "switch",
    "text",
    "whole",
    "number",
    "amount",
    "size",
    "span",
    "pair",
    "setting",
    "names",
    "jobs",
    "variable",
    "assign",
]
Lists = Literal[
    "",
    "pools",
    "backends",
    "configs",
    "variables",
    "environment",
    "checkpoints",
    "jobs",
    "searchers",
    "metrics",
    "modes",
    "axes",
]


@dataclass(frozen=True)
class Option:
    """One option. ``key`` is what a config and the server call it, so that a refusal can point at the word."""

    flags: tuple[str, ...]
    help: str
    kind: Kind = "switch"
    metavar: str = ""
    key: str = ""
    choices: tuple[str, ...] = ()
    repeats: bool = False
    excludes: str = ""
    lists: Lists = ""  # where completion finds its values

    @property
    def name(self) -> str:
        return max(self.flags, key=len).lstrip("-").replace("-", "_")

    @property
    def usage(self) -> str:
        return " ".join(filter(None, [", ".join(self.flags), self.metavar]))


@dataclass(frozen=True)
class Command:
    """A cell magic, or one verb of the line magic."""

    name: str  # with %% it is a cell magic
    summary: str
    operands: str = ""  # as usage shows them: "JOB", "[JOB]", "JOB..."
    options: tuple[Option, ...] = ()
    least: int = 0
    needs: str = "to know which job"  # what is missing below ``least``
    most: int | None = 0  # None: any number
    takes_values: bool = False  # key=value
    notes: tuple[str, ...] = ()

    @property
    def magic(self) -> str:
        return self.name if self.name.startswith("%%") else f"%train {self.name}"

    @property
    def usage(self) -> str:
        parts = [self.magic, self.operands, "[options]" if self.options else ""]
        return " ".join(filter(None, [*parts, "[key=value ...]" if self.takes_values else ""]))

    def option(self, flag: str) -> Option | None:
        return next((one for one in self.options if flag in one.flags), None)

    @property
    def flags(self) -> list[str]:
        return [flag for option in self.options for flag in option.flags]


QUIET = Option(("-q", "--quiet"), "show nothing when all is well", key="quiet")
INTO = Option(("-o",), "put a handle of the job into this variable", "variable", "VAR", "out", lists="variables")
PRIORITY = Option(("--priority",), "1 to 99, smaller goes first (42)", "amount", "N", "priority")
WEIGHT = Option(("--weight",), "its share in a pool that shares fairly, above 0 (1)", "amount", "W", "weight")

# Of a search; as soon as a parameter is a range of values.
SEARCHED = (
    Option(
        ("--metric",), "what a search judges; several for a trade-off", "text", "NAME[,NAME]", "metric", lists="metrics"
    ),
    Option(
        ("--mode",), "which value of it is better, one for each metric", "text", "min|max[,...]", "mode", lists="modes"
    ),
    Option(
        ("--searcher",),
        "who proposes values: random, grid, bo, tpe, asha ... (%train experiment searchers)",
        "text",
        "NAME",
        "searcher",
        lists="searchers",
    ),
    Option(
        ("--searcher-options",),
        "an option of the searcher; may be repeated",
        "assign",
        "KEY=VALUE",
        "searcher_options",
        repeats=True,
    ),
    Option(("--workers",), "most trials at once (1); the queue says when each starts", "whole", "N", "workers"),
    Option(("--max-trials",), "start so many trials", "whole", "N", "max_trials"),
    Option(("--max-time",), "end the search after so long, like 2h", "span", "TIME", "max_time"),
    Option(("--max-failures",), "end it once more trials than this have failed", "whole", "N", "max_failures"),
    Option(("--target",), "end it once the metric is as good as this", "number", "VALUE", "target"),
    Option(
        ("--stop",),
        "another end, like max_trials_finished=20 or plateau=10; may be repeated",
        "assign",
        "RULE=VALUE",
        "stop",
        repeats=True,
    ),
    Option(("--resource",), "what a trial's reports count as: report, step, or a metric", "text", "NAME", "resource"),
    Option(("--max-resource",), "so many reports are a whole trial", "whole", "N", "max_resource"),
    Option(("--seed",), "of the searcher: the same one proposes the same", "whole", "N", "seed"),
)

# Of a job that runs at a service; what the service's backend takes beside these goes by --option.
SERVED = (
    Option(("--instance",), "the kind of machine that a service runs it on", "text", "TYPE", "options.instance"),
    Option(("--instances",), "how many of them (1)", "whole", "N", "options.instances"),
    Option(("--spot",), "on machines that may be taken away at any time, for less", key="options.spot"),
    Option(
        ("--max-wait",), "how long it may wait for such a machine and run, like 12h", "span", "TIME", "options.max_wait"
    ),
    Option(("--image",), "the image that it runs in, like pytorch-2.6, or a URI", "text", "IMAGE", "options.image"),
    Option(("--role",), "the role that it runs as", "text", "ROLE", "options.role"),
    Option(("--region",), "where the service runs it", "text", "REGION", "options.region"),
    Option(("--profile",), "the credentials of this name", "text", "NAME", "options.profile"),
    Option(("--bucket",), "where code, inputs and outputs are kept", "text", "BUCKET", "options.bucket"),
    Option(("--volume",), "disk of each machine in GB", "whole", "GB", "options.volume"),
    Option(("--max-cost",), "end it, with a checkpoint, once it has cost so much", "number", "USD", "options.max_cost"),
    Option(
        ("--input",),
        "data that it reads, a folder or s3://...; may be repeated",
        "pair",
        "NAME=URL",
        "options.inputs",
        repeats=True,
    ),
    Option(
        ("--option",),
        "any other option of its backend; may be repeated",
        "assign",
        "KEY=VALUE",
        "options",
        repeats=True,
    ),
)

BACKEND = Option(
    ("--backend",), "run it in the pool of this backend: local, sagemaker", "text", "NAME", "backend", lists="backends"
)

CELL = Command(
    name="%%train",
    summary="Train this cell's code as a job of its own; the kernel stays free.",
    operands="[NAME]",
    most=1,
    takes_values=True,
    options=(
        Option(("--name",), "the job's name, as NAME in first place", "text", "NAME", "name"),
        Option(("--config",), "with the keys of this %%train_config cell", "text", "NAME", lists="configs"),
        BACKEND,
        Option(("--pool",), "where it waits and runs", "text", "POOL", "pool", lists="pools"),
        PRIORITY,
        WEIGHT,
        Option(
            ("--after",),
            "start once these jobs have succeeded; may be repeated",
            "jobs",
            "JOB[,JOB]",
            "after",
            repeats=True,
            lists="jobs",
        ),
        Option(
            ("--preemptible",),
            "whether it makes room for others: once it has a checkpoint (auto), by starting anew, or never",
            "text",
            "auto|restart|never",
            "preemptible",
            choices=("auto", "restart", "never"),
        ),
        Option(
            ("--launcher",),
            "how its code is started: as one process (plain), or one for each GPU (torchrun)",
            "text",
            "NAME",
            "launcher",
        ),
        Option(("--slots",), "slots of the pool that it holds (1)", "whole", "N", "resources.slots"),
        Option(("--max-slots",), "slots that its experiment holds at most", "whole", "N", "resources.max_slots"),
        Option(("--gpus",), "GPUs that it needs", "whole", "N", "resources.gpus"),
        Option(("--cpus",), "CPUs that it needs", "number", "N", "resources.cpus"),
        Option(("--memory",), "memory that it needs, like 4GiB", "size", "SIZE", "resources.memory"),
        Option(("--timeout",), "stop it after so long, like 90m or 2h (at a service: 24h)", "span", "TIME", "timeout"),
        Option(("--grace",), "seconds between asking it to stop and killing it (10)", "span", "TIME", "grace"),
        Option(("--pause-within",), "how long a pause waits for a checkpoint (10m)", "span", "TIME", "pause_within"),
        Option(("--hang",), "warn when it gives no sign of life for so long, like 30m", "span", "TIME", "hang.after"),
        Option(("--stop-hung",), "and stop it then", key="hang.stop"),
        Option(("--retries",), "start it again by itself, at most so often (0)", "whole", "N", "retries.max"),
        Option(("--checkpoints",), "keep its checkpoints at this URL or folder", "text", "URL", "checkpoints.to"),
        Option(
            ("--keep-latest",),
            "how many of its newest checkpoints stay (1; 2 for as long as it may go on)",
            "whole",
            "N",
            "checkpoints.keep.trial_latest",
        ),
        Option(
            ("--keep-best",),
            "how many of its best checkpoints stay (1)",
            "whole",
            "N",
            "checkpoints.keep.trial_best",
        ),
        Option(
            ("--env",),
            "a variable, kept with the job; a name alone takes its value here",
            "setting",
            "NAME[=VALUE]",
            "environment.variables",
            repeats=True,
            lists="environment",
        ),
        Option(
            ("--pass-env",),
            "hand over environment variables by name, outside the record",
            "names",
            "NAME[,NAME]",
            "environment.pass_env",
            repeats=True,
            lists="environment",
        ),
        Option(("--python",), "the interpreter that runs it (this kernel's own)", "text", "PATH", "environment.python"),
        Option(("--folder",), "the folder that it runs in (this kernel's own)", "text", "PATH", "environment.folder"),
        Option(
            ("--context",),
            "send a folder along, less what its .trainignore says; the job works in it",
            "text",
            "DIR",
            "context",
        ),
        Option(("--tag",), "a label, like team=vision; may be repeated", "pair", "KEY=VALUE", "tags", repeats=True),
        Option(
            ("--take",),
            "send values of this kernel along, under the same names",
            "names",
            "NAME[,NAME]",
            "take",
            repeats=True,
            lists="variables",
        ),
        Option(
            ("--metrics",),
            "read metrics from printed lines, or only from report()",
            "text",
            "auto|off",
            "metrics",
            choices=("auto", "off"),
        ),
        *SERVED,
        *SEARCHED,
        INTO,
        Option(("--wait",), "stay until it has ended; a failure is raised", key="wait", excludes="--detach"),
        Option(("--detach",), "return at once (this is the default)", key="detach", excludes="--wait"),
        Option(("--once",), "no new job where an equal one has succeeded", key="once"),
        Option(
            ("--if-exists",),
            "where an equal job is active: that job (the default), a new one, an error",
            "text",
            "reuse|new|error",
            "if_exists",
            choices=("reuse", "new", "error"),
        ),
        Option(("--resume",), "extend the newest job of this name from its last checkpoint", key="resume"),
        Option(
            ("--dry-run",), "show all that would be sent, and store nothing; -o VAR gets the plan", excludes="--test"
        ),
        Option(
            ("--test",), "try the code for one step, and keep nothing; -o VAR gets the result", excludes="--dry-run"
        ),
        QUIET,
    ),
    notes=(
        "Names that the code assigns a literal at its top are parameters: with `lr = 0.1` there, lr=0.01 on the",
        "magic line wins. Values are read as literals, never evaluated; other words are texts.",
        "With a --metric a parameter may be a range, as in lr=loguniform(1e-4,1e-1) batch=choice(32,64): then the cell",
        "is a search, and each of its trials a job. %train help experiment has more.",
        "A cell that is run again while its job is active stands for the same job; a changed one is a new job.",
        "resume=true is --resume, unless the code has a name `resume` of its own.",
        "What stays of a context is said by lines in its .trainignore, as in a .gitignore; a startup-hook.sh in it",
        "runs first, and what it exports is there in the job.",
    ),
)

CONFIG = Command(
    name="%%train_config",
    summary="Keep a job's options under a name, for %%train --config NAME.",
    operands="NAME",
    options=(QUIET,),
    least=1,
    most=1,
    needs="a name for the config",
    notes=(
        "Below it stands YAML with any of a job's keys, which are the options' names with _ for -:",
        "    pool: local",
        "    timeout: 2h",
        "    tags: {team: vision}",
        "    params: {lr: 0.1}",
        "What the %%train line says wins. The config is kept in this kernel, until it ends.",
    ),
)

FRONT = Command("", "This notebook's jobs, then others.")  # %train alone
