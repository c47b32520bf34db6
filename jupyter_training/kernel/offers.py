"""What may come next on a magic line: options, their values, verbs, jobs, parameters, words of a filter."""

from __future__ import annotations

import json
import os
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_training.errors import TrainingError
from jupyter_training.kernel import body as bodies
from jupyter_training.kernel.commands import CELL, Command, Option
from jupyter_training.kernel.explain import TOPICS
from jupyter_training.kernel.line_verbs import VERBS, verbs_below
from jupyter_training.kernel.queue_words import OPERATIONS
from jupyter_training.kernel.search_commands import RANGES

__all__ = ["Known", "Offer", "Sources", "for_cell", "for_command", "for_line", "listed"]

_JOB_VERBS = frozenset(name for name, command in VERBS.items() if "JOB" in command.operands)
_LEGAL = frozenset({"cancel", "kill", "pause", "activate", "retry", "archive", "delete"})  # as a job's view names them
_PLACED = frozenset({"queue update", "queue update-batch", "queue after"})  # verbs on jobs that wait or run
_STATES = ("queued", "running", "paused", "succeeded", "failed", "canceled")
_LONGEST = 40  # characters of a default that is worth offering


@dataclass(frozen=True)
class Known:
    """What a server told: views of its newest jobs and of its pools; jobs that are archived apart; searches.

    ``searchers``: their names, of those that run as installed.
    """

    jobs: tuple[Mapping[str, Any], ...] = ()
    pools: tuple[Mapping[str, Any], ...] = ()
    archived: tuple[Mapping[str, Any], ...] = ()
    searches: tuple[Mapping[str, Any], ...] = ()
    searchers: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(job["name"] for job in self.jobs))


@dataclass(frozen=True)
class Sources:
    """Where words come from; each answers at once."""

    known: Callable[[], Known]
    configs: Callable[[], Iterable[str]] = tuple
    variables: Callable[[], Mapping[str, object]] = dict  # the person's own
    handles: Callable[[], Iterable[str]] = tuple  # variables with a job's handle
    steps: Callable[[str], Iterable[int]] = lambda _: ()  # of the good checkpoints of the job with this id


@dataclass(frozen=True)
class Offer:
    """Words of a kind that may stand in place of the fragment before the cursor."""

    kind: str
    words: Iterable[str]
    fragment: str
    before: str = field(default="")  # a part of the fragment that each word keeps, as in ``--pool=lo``

    @property
    def fitting(self) -> list[str]:
        return [text for word in self.words if (text := self.before + word).startswith(self.fragment)]


def for_cell(rest: str, body: str, sources: Sources) -> Offer | None:
    """Behind ``%%train``: options, and the parameters that the body has; a name first."""
    found = for_command(CELL, rest, sources)
    if found is not None:
        return found
    words, fragment = _parts(rest)
    defaults = _defaults(body)
    name, equals, _ = fragment.partition("=")
    if equals:
        return _range(name, fragment) or _default(name, defaults, fragment)
    given = {word.partition("=")[0] for word in words if "=" in word}
    offered = [f"{name}=" for name in defaults if name not in given]
    if not any("=" not in word and not word.startswith("-") for word in _operands(CELL, words)):
        offered += sources.known().names
    return Offer("param", offered, fragment)


def for_line(rest: str, sources: Sources) -> Offer | None:
    """Behind ``%train``: a verb, then what it takes."""
    words, fragment = _parts(rest)
    if not words:
        return Offer("verb", sorted(verb for verb in VERBS if " " not in verb), fragment)
    command = VERBS.get(words[0])
    if command is None:
        return None
    below, behind = verbs_below(words[0]), rest.lstrip()[len(words[0]) :]
    if len(words) > 1 and words[1] in below:
        command, words, behind = VERBS[" ".join(words[:2])], words[1:], behind.lstrip()[len(words[1]) :]
    elif len(words) == 1 and below and not fragment.startswith("-"):
        return Offer("verb", below, fragment)
    found = for_command(command, behind, sources)
    if found is not None and (found.fitting or command.name != "list"):  # in a list, -word may negate a filter's
        return found
    if command.name == "help":
        below = verbs_below(words[1]) if len(words) > 1 else [topic for topic in TOPICS if " " not in topic]
        return Offer("verb", sorted(below), fragment)
    if command.name == "queue update-batch":
        return _items(fragment, sources)
    if command.name == "list":
        return _filter(fragment, sources.known())
    operands = _operands(command, words[1:])
    if command.name == "metrics" and operands:
        return Offer("metric", _metrics(operands[0], sources.known()), fragment)
    if command.takes_values and ("=" in fragment or operands):
        return _changes(operands, fragment, sources.known())
    if command.operands.startswith(("EXPERIMENT", "[EXPERIMENT")) and (
        command.most is None or len(operands) < min(command.most, 1)
    ):
        return Offer("experiment", [word for word in _searches(sources) if word not in operands], fragment)
    if command.name in _JOB_VERBS and (command.most is None or len(operands) < command.most):
        known = _jobs(sources, command.name)
        return Offer("job", [word for word in known if word not in operands], fragment)
    return None


def for_command(command: Command, rest: str, sources: Sources) -> Offer | None:
    """An option of this command, or the value of the one before the cursor."""
    words, fragment = _parts(rest)
    waiting = command.option(words[-1]) if words else None
    if waiting is not None and waiting.lists == "checkpoints":
        return _steps(_operands(command, words), fragment, "", sources)
    if waiting is not None and waiting.kind != "switch":
        return _values(waiting, fragment, "", sources)
    if not fragment.startswith("-"):
        return None
    flag, equals, _ = fragment.partition("=")
    joined = command.option(flag) if equals else None
    if joined is not None and joined.lists == "checkpoints":
        return _steps(_operands(command, words), fragment, f"{flag}=", sources)
    if joined is not None:
        return _values(joined, fragment, f"{flag}=", sources)
    used = {option.name for word in words if (option := command.option(word)) is not None and not option.repeats}
    flags = [max(one.flags, key=len) for one in command.options if one.name not in used]
    return Offer("param", flags, fragment)


def listed(kind: str, sources: Sources) -> list[str]:
    """The words of a list that an option or a key of a config is chosen from."""
    if kind == "pools":
        return sorted(pool["name"] for pool in sources.known().pools)
    if kind == "backends":
        return sorted({pool["backend"] for pool in sources.known().pools})
    if kind == "configs":
        return sorted(sources.configs())
    if kind == "variables":
        handles = set(sources.handles())
        return [name for name, value in sources.variables().items() if name not in handles and _may_travel(value)]
    if kind == "jobs":
        return _jobs(sources, "queue update")
    if kind == "searchers":
        return sorted(sources.known().searchers)
    if kind == "metrics":
        return sorted({name for job in sources.known().jobs for name in job["metrics"]})
    if kind == "modes":
        return ["min", "max"]
    if kind == "axes":
        axes = {axis["name"] for search in sources.known().searches for axis in search["space"]}
        return ["number", "value", "state", *sorted(axes)]
    return sorted(os.environ) if kind == "environment" else []


def _values(option: Option, fragment: str, before: str, sources: Sources) -> Offer | None:
    if option.kind == "variable":
        return Offer("value", sources.handles(), fragment, before)
    words = list(option.choices) or listed(option.lists, sources)
    if option.kind in ("names", "jobs"):
        done = fragment[: fragment.rfind(",") + 1] or before
        chosen = done.removeprefix(before).split(",")
        return Offer("value", [word for word in words if word not in chosen], fragment, done)
    return Offer("value", words, fragment, before) if words else None


def _jobs(sources: Sources, verb: str) -> list[str]:
    """Jobs by every word for them; behind a verb that changes a job those on which it may be used."""
    known = sources.known()
    jobs = known.archived if verb == "unarchive" else known.jobs
    jobs = tuple(job for job in jobs if verb not in _LEGAL or verb in job["verbs"])
    if verb in _PLACED:
        jobs = tuple(job for job in jobs if job["ended"] is None)
    names = dict.fromkeys(job["name"] for job in jobs)
    return ["last", *(f"@{name}" for name in sources.handles()), *names, *(job["id"] for job in jobs)]


def _searches(sources: Sources) -> list[str]:
    """Searches by every word for them."""
    searches = sources.known().searches
    names = dict.fromkeys(search["name"] for search in searches)
    return ["last", *(f"@{name}" for name in sources.handles()), *names, *(search["id"] for search in searches)]


def _items(fragment: str, sources: Sources) -> Offer:
    """Of an item of a batch its job, then an operation, then the job or the pool that it names."""
    known = _jobs(sources, "queue update-batch")
    head, equals, _ = fragment.partition("=")
    if equals:
        operation = head.rpartition(".")[2].replace("-", "_")
        words = listed("pools", sources) if operation == "resource_pool" else known if operation[-3:] == "_of" else []
        return Offer("value", words, fragment, before=f"{head}=")
    job = next((word for word in sorted(known, key=len, reverse=True) if fragment.startswith(f"{word}.")), None)
    if job is None:
        return Offer("job", [f"{word}." for word in known], fragment)
    operations = [one.replace("_", "-") + ("" if one in ("top", "bottom") else "=") for one in OPERATIONS]
    return Offer("param", operations, fragment, before=f"{job}.")


def _meant(text: str, known: Known) -> Mapping[str, Any] | None:
    """The job that a word means, as far as it is known."""
    if text == "last":
        return next(iter(known.jobs), None)
    return next((job for job in known.jobs if job["name"] == text or job["id"].startswith(text)), None)


def _metrics(text: str, known: Known) -> list[str]:
    """Metrics of the job that a word means, as far as it is known; of all jobs otherwise."""
    job = _meant(text, known)
    return sorted({name for job in ([job] if job is not None else known.jobs) for name in job["metrics"]})


def _steps(operands: list[str], fragment: str, before: str, sources: Sources) -> Offer | None:
    """The steps of a job's checkpoints; of the last job where none is named."""
    named = next((word for word in operands if "=" not in word), "last")
    job = _meant(named, sources.known())
    return Offer("value", [str(step) for step in sources.steps(job["id"])], fragment, before) if job else None


def _changes(operands: list[str], fragment: str, known: Known) -> Offer | None:
    """Parameters of the job that is named, then the value that one has."""
    job = _meant(next((word for word in operands if "=" not in word), "last"), known)
    params = job["params"] if job is not None else {}
    name, equals, _ = fragment.partition("=")
    if equals:
        return _default(name, params, fragment)
    given = {word.partition("=")[0] for word in operands if "=" in word}
    return Offer("param", [f"{name}=" for name in params if name not in given], fragment)


def _default(name: str, defaults: Mapping[str, object], fragment: str) -> Offer | None:
    """The value that a parameter has already, where it is short."""
    value = json.dumps(defaults[name], ensure_ascii=False) if name in defaults else ""
    return Offer("value", [value], fragment, before=f"{name}=") if 0 < len(value) <= _LONGEST else None


def _range(name: str, fragment: str) -> Offer | None:
    """The beginning of a range of values, once a letter of it is typed."""
    typed = fragment.partition("=")[2]
    found = Offer("value", [f"{one}(" for one in RANGES], fragment, before=f"{name}=")
    return found if typed.isalpha() and found.fitting else None


def _filter(fragment: str, known: Known) -> Offer:
    """Words of a filter; the first of them may stand behind a quote."""
    bare = fragment.lstrip("'\"").removeprefix("-")
    before = fragment[: len(fragment) - len(bare)]
    words = [*(f"state:{state}" for state in _STATES), "is:archived"]
    words += sorted({f"tag:{key}={value}" for job in known.jobs for key, value in job["tags"].items()})
    words += sorted({f"{word}:{job[word]}" for word in ("pool", "user") for job in known.jobs})
    words += [f"{name}>" for name in sorted({name for job in known.jobs for name in job["metrics"]})]
    return Offer("value", [*words, *known.names], fragment, before)


def _defaults(body: str) -> Mapping[str, object]:
    """The parameters of a body; none while it can't be read."""
    try:
        return bodies.read(body).defaults
    except TrainingError:
        return {}


def _may_travel(value: object) -> bool:
    """Whether a variable may be data, by its type alone: nothing of the person's is called."""
    return not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type))


def _operands(command: Command, words: list[str]) -> list[str]:
    """The words that are neither options nor their values."""
    found, taken = [], False
    for word in words:
        option = command.option(word)
        if not taken and option is None and not word.startswith("-"):
            found.append(word)
        taken = not taken and option is not None and option.kind != "switch"
    return found


def _parts(rest: str) -> tuple[list[str], str]:
    """The finished words and the one that is being typed."""
    words = rest.split()
    if not words or rest[-1].isspace():
        return words, ""
    return words[:-1], words[-1]
