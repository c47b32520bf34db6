"""A config file made ready to travel: its code, the file that calls it, and what of the space it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_training.client import target
from jupyter_training.client.imports import collect
from jupyter_training.client.target import Target
from jupyter_training.errors import InvalidSpec, Problem, near_miss
from jupyter_training.languages import config_file, default_spaces, reported_names
from jupyter_training.languages.config_file import ConfigFile
from jupyter_training.runtime import typed_values

__all__ = ["Ready", "is_axis", "of_config_file", "refused"]

_ENTRY = '''\
"""Trains what {file} defines."""

from jupyter_training.runtime.config_training import Training

train = Training(
    {module!r},
    takes={takes!r},
    takes_all={takes_all!r},
    arguments={arguments!r},
    settings={settings!r},
    metric={metric!r},
    mode={mode!r},
)
'''
_EXPRESSION = re.compile(r"\s*[A-Za-z_]\w*\s*\(|.*[,\[{]", re.DOTALL)


@dataclass(frozen=True)
class Ready:
    """``space``: with constants as the types that the file says. ``notes``: what a person should know, in sentences."""

    target: Target
    space: dict[str, object]
    notes: tuple[str, ...]


def of_config_file(
    file: Path,
    space: Mapping[str, object],
    *,
    settings: Mapping[str, object],
    metric: str,
    mode: str,
    updater: str,
    goes_on: bool,
    limit: int,
) -> Ready:
    """The file and what it imports, checked against the space; ``goes_on``: from the state of an update before.

    Raises:
        InvalidSpec: it is no config file, or it and the space don't fit; each fault is named.
        TooLarge: more code than ``limit``.
    """
    path, _ = target.place_of(file)
    if path.is_dir() or path.suffix != ".py" or "." in path.stem:
        raise InvalidSpec(f"config_file: {str(file)!r} is no Python module.", hint="Name a file like renate_config.py.")
    config = config_file.read(path.read_bytes(), str(file))
    if goes_on and "model_state_url" not in config.takes["model_fn"] and "model_fn" not in config.open:
        words = "model_fn takes no model_state_url, so it can't begin with the state in input_state_url"
        raise InvalidSpec(f"{file}: {words}.", hint="Write def model_fn(model_state_url=None): ... and read the file.")
    typed, notes = _fitting(config, space, updater)
    sources = collect(path.parent, path.name)
    if "train_fn" not in config.returns:  # whose answer is a report, too
        _check_metric(metric, sources.files, str(file))
    stem = f"{path.stem}_training"
    while f"{stem}.py" in sources.files or (path.parent / f"{stem}.py").exists():
        stem += "_"
    arguments = {one.name: [one.kind.name, one.kind.item, one.kind.optional] for one in config.arguments.values()}
    sources.files[f"{stem}.py"] = _ENTRY.format(
        file=path.name,
        module=path.stem,
        takes={name: list(names) for name, names in config.takes.items()},
        takes_all=sorted(config.open),
        arguments=arguments,
        settings=dict(settings),
        metric=metric,
        mode=mode,
    ).encode()
    entry: dict[str, Any] = {
        "kind": "function",
        "path": f"{stem}.py",
        "function": "train",
        "args": [],
        "shown_as": None,
    }
    return Ready(target.of_sources(entry, sources, limit), typed, notes)


def _fitting(
    config: ConfigFile, space: Mapping[str, object], updater: str
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The space with its constants typed, and what is to be said of it."""
    problems: list[Problem] = []
    typed: dict[str, object] = {}
    for name, value in space.items():
        typed[name] = value
        argument = config.arguments.get(name)
        if argument is None:
            problems += _unknown(config, name, updater)
        elif not is_axis(value):
            kind = argument.kind
            try:
                arrived = typed_values.arriving(value, kind.name, kind.item, optional=kind.optional)
                typed[name] = list(arrived) if isinstance(arrived, tuple) else arrived
            except ValueError as error:
                where = f"{config.shown}, line {argument.line}"
                problems.append(Problem(f"{error}, which {where} says it is", name))
    for one in config.arguments.values():
        if one.required and one.name not in space:
            words = (
                f"{' and '.join(one.functions)} need{'s' if len(one.functions) == 1 else ''} it, and it has no default"
            )
            problems.append(Problem(f"it is missing: {words}", one.name, one.line, one.column))
    if problems:
        first = problems[0]
        raise InvalidSpec(f"config_space: {first.key}: {first.detail}.", hint=first.hint, errors=problems)
    notes = []
    if "scheduler_fn" in config.takes:
        notes.append(f"scheduler_fn of {config.shown} is not called: a scheduler is given by its name.")
    unread = [name for name in space if name not in config.arguments and not config.wants(name)]
    unread = [name for name in unread if name not in config_file.SETTINGS]
    if unread and "train_fn" in config.takes:
        what = "they are recorded, and nobody reads them" if len(unread) > 1 else "it is recorded, and nobody reads it"
        notes.append(f"No function of {config.shown} takes {', '.join(unread)}: {what}.")
    return typed, tuple(notes)


def _unknown(config: ConfigFile, name: str, updater: str) -> list[Problem]:
    """What is wrong with a key that no function declares."""
    if name in config_file.OPTIMIZER_OPTIONS and "optimizer_fn" in config.takes:
        words = "optimizer_fn makes the optimizer, so the space can't set it"
        return [Problem(words, name, hint=f"Leave it out, or make it a parameter: def optimizer_fn({name}: ...).")]
    if config.wants(name) or name in config_file.SETTINGS or name in default_spaces.OPTIONS:
        return []
    if default_spaces.updater_named(updater) is None:
        return []  # a plug-in's own option
    close = near_miss(name, [*config.arguments, *sorted(default_spaces.OPTIONS)])
    hint = f"Did you mean {close!r}?" if close else f"E.g. def model_fn({name}: float): ..."
    return [Problem(f"no function of {config.shown} takes it, and no updater has such an option", name, hint=hint)]


def refused(name: str, words: str, hint: str | None = None) -> InvalidSpec:
    """The refusal of an argument's value."""
    return InvalidSpec(f"{name}: {words}.", hint=hint, errors=[Problem(words, key=name, hint=hint)])


def is_axis(value: object) -> bool:
    """Whether a value of a space may be one of several; the server reads what it is."""
    if isinstance(value, str):
        return _EXPRESSION.match(value) is not None and not value.lstrip().startswith(("[", "("))
    return isinstance(value, Mapping) or hasattr(value, "domain")


def _check_metric(metric: str, files: Mapping[str, bytes], shown: str) -> None:
    """See that the code reports what is judged, as far as its text tells.

    Raises:
        InvalidSpec: it reports other names only, and one of them is meant.
    """
    names = reported_names.in_texts(content for path, content in files.items() if path.endswith(".py"))
    if names is None or metric in names:
        return
    close = reported_names.like(metric, names)
    words = f"{shown} reports no {metric!r}; it reports {', '.join(names)}"
    hint = f"Did you mean {close!r}?" if close else None
    raise InvalidSpec(f"metric: {words}.", hint=hint, errors=[Problem(words, key="metric", hint=hint)])
