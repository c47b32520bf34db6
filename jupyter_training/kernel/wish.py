"""What is wished for a cell: what its magic line says, over what its config says.

Both are brought to one shape, the keys of a config (``pool``, ``resources``,
``environment``, ...). A server knows most of them; ``context``, ``take``,
``wait``, ``out`` and ``quiet`` are this side's alone, and this is the one place that reads them.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_training.client.environment import looks_secret
from jupyter_training.client.values import verbatim
from jupyter_training.errors import InvalidSpec, InvalidUsage, Problem, near_miss
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.body import Body
from jupyter_training.kernel.line_verbs import VERBS
from jupyter_training.kernel.values import expression

__all__ = ["Wish", "gathered", "of_line", "of_options", "over", "put", "resolved", "resuming"]

_OWN_KEYS = frozenset({"context", "take", "wait", "detach", "out", "quiet"})

_INPUTS = "options.inputs"

_SHORT = {"retries": "max", "checkpoints": "to", "hang": "after"}  # what a bare value behind these keys is


@dataclass(frozen=True)
class Wish:
    """Nested values by the keys of a config; only what was said is there.

    ``texts``: parameters as the line has them, where they are read as expressions.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        return self.values.get("name")

    @property
    def params(self) -> Mapping[str, object]:
        return dict(self.values.get("params") or {})

    @property
    def is_search(self) -> bool:
        """Whether it speaks of a search. Then parameters are read as expressions: by the server."""
        return any(self.values.get(key) is not None for key in ("metric", "searcher", "space"))

    @property
    def is_served(self) -> bool:
        """Whether it says that a service runs it: in an environment of which nothing is known here."""
        backend = self.values.get("backend")
        return bool(self.values.get("options")) if backend is None else backend != "local"

    @property
    def environment(self) -> Mapping[str, Any]:
        return dict(self.values.get("environment") or {})

    @property
    def take(self) -> tuple[str, ...]:
        """Names of variables whose values go along."""
        return tuple(self.values.get("take") or ())

    @property
    def context(self) -> str | None:
        """The folder that goes along."""
        return self.values.get("context")

    @property
    def out(self) -> str | None:
        """The variable that gets the handle."""
        return self.values.get("out")

    @property
    def waits(self) -> bool:
        return bool(self.values.get("wait"))

    @property
    def quiet(self) -> bool:
        return bool(self.values.get("quiet"))

    @property
    def unquoted(self) -> frozenset[str]:
        """The parameters that were said as something that may be a range of values."""
        return frozenset(name for name in self.params if not self.texts.get(name, "").startswith(("'", '"')))

    def expressed(self, params: Mapping[str, object]) -> dict[str, Any]:
        """``params`` and ``verbatim`` of a request, from all the parameters that there are, the code's own among them.

        In a search what was said without quotes is read as an expression, and a text of the code is what it is.
        """
        said, found = self.params, dict(params)
        for name, text in self.texts.items():
            if self.is_search and name in found and said.get(name) == found[name]:
                found[name] = expression(text, found[name])
        as_they_are = verbatim(found, said=self.unquoted, is_search=self.is_search)
        return {"params": found, **({"verbatim": as_they_are} if as_they_are else {})}

    def asked(self) -> dict[str, Any]:
        """What a server reads as it is: all but this side's own keys, and those that are made of more than was said."""
        made = _OWN_KEYS | {"params", "environment"}
        return {key: value for key, value in self.values.items() if key not in made and value is not None}


def of_line(parsed: Parsed) -> Wish:
    """What a magic line says.

    Raises:
        InvalidUsage: the job's name can't be one, or two options contradict each other.
    """
    said = of_options(parsed)
    name = _name(parsed)
    if name is not None:
        said["name"] = name
    if parsed.values:
        said["params"] = dict(parsed.values)
    if said.get("once") and said.get("if_exists", "reuse") != "reuse":
        raise InvalidUsage(
            f"--once takes the job that is there already; --if-exists {said['if_exists']} does not.",
            hint="Leave one of them out.",
            errors=[Problem("contradicts --once", key="if_exists")],
        )
    return Wish(_settled(said), parsed.texts)


def of_options(parsed: Parsed) -> dict[str, Any]:
    """What the options of a line say, by the keys of a config.

    Raises:
        InvalidUsage: one is said by its own option and by ``--option``, differently.
    """
    known = parsed.command.options
    return gathered((one.key, parsed.options[one.name]) for one in known if one.key and one.name in parsed.options)


def gathered(given: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Nested values of dotted keys and their values.

    Raises:
        InvalidUsage: one is there twice, by its own option and by ``--option``, and differs; or an input is nowhere.
    """
    said: dict[str, Any] = {}
    for key, written in given:
        inputs = written if key == _INPUTS and isinstance(written, Mapping) else None
        value = written if inputs is None else {channel: _whole(channel, one) for channel, one in inputs.items()}
        there = said.get(key)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            twice = next((one for one in value if one in there and there[one] != value[one]), None)
            if twice is not None:
                words = f"{twice} is given twice, with different values."
                raise InvalidUsage(words, errors=[Problem(words, key=f"{key}.{twice}")])
        put(said, key, value)
    return said


def _whole(channel: str, place: object) -> object:
    """Where an input is to be found by whoever uploads it, in whatever folder that runs.

    Raises:
        InvalidUsage: it is a path from here, and nothing is there.
    """
    if not isinstance(place, str) or not place or "://" in place or place.startswith("~") or os.path.isabs(place):
        return place
    path = os.path.abspath(place)
    if not os.path.exists(path):
        words = f"--input {channel}: there is nothing at {path}."
        hint = "A path counts from this folder; what is in S3 begins with s3://."
        raise InvalidUsage(words, hint=hint, errors=[Problem("nothing is there", key=f"{_INPUTS}.{channel}")])
    return path


def resuming(line: Wish, body: Body) -> Wish:
    """The line's wish with ``resume=true`` as --resume, unless the code has a name ``resume`` of its own.

    Raises:
        InvalidUsage: the value is neither true nor false.
    """
    given = line.params
    if "resume" not in given or "resume" in body.defaults or "resume" in body.bound or "resume" in body.used:
        return line
    value = given["resume"]
    if not isinstance(value, bool):
        raise InvalidUsage(
            f"resume is true or false, not {value!r}.",
            hint="A parameter of that name needs a place in the code, e.g. resume = None at its top.",
            errors=[Problem("neither true nor false", key="params.resume")],
        )
    values = {**line.values, "resume": value or line.values.get("resume", False)}
    values["params"] = {name: one for name, one in given.items() if name != "resume"}
    if not values["params"]:
        del values["params"]
    return replace(line, values=values)


def over(line: Wish, config: Mapping[str, Any]) -> Wish:
    """The line's wish with what the config says where the line is silent.

    Mappings are joined key by key and lists of names are put together; of
    everything else the line's value stands.

    Raises:
        InvalidUsage: the job's name can't be one.
    """
    below = _settled(copy.deepcopy(dict(config)))
    if line.values.get("if_exists", "reuse") != "reuse":
        below.pop("once", None)  # the config's wish to reuse gives way too
    found = replace(line, values=_joined(below, line.values))
    _check_name(found.name)
    return found


def _joined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        known = found.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            found[key] = _joined(known, value)
        elif isinstance(known, (list, tuple)) and isinstance(value, (list, tuple)):
            found[key] = [*known, *(one for one in value if one not in known)]
        else:
            found[key] = value
    return found


def _settled(said: dict[str, Any]) -> dict[str, Any]:
    """With every short form as what it means, so that a line's --detach wins over a config's ``wait: true``."""
    for key, inner in _SHORT.items():
        value = said.get(key)
        if value is not None and not isinstance(value, Mapping):
            said[key] = {inner: value}
    if isinstance(said.get("after"), str):
        said["after"] = [one.strip() for one in said["after"].split(",") if one.strip()]
    if "detach" in said:
        detach = said.pop("detach")
        said.setdefault("wait", not detach)
    return said


def resolved(name: str, value: str | None) -> str:
    """A variable's value; one that was only named has the value it has here.

    Raises:
        InvalidSpec: it is not set here, with the near miss; or its name says that it holds a secret.
    """
    if looks_secret(name):
        words = f"The variable {name} looks like a secret, and variables are kept with the job."
        hint = (
            f"--pass-env {name} hands its value over without keeping it, on this machine; code that runs at a service "
            "reads it from that service's store of secrets."
        )
        raise InvalidSpec(words, hint=hint, errors=[Problem(words, key=f"environment.variables.{name}")])
    if value is not None:
        return value
    if name in os.environ:
        return os.environ[name]
    known = {one.lower(): one for one in os.environ}
    close = known.get(near_miss(name, known) or "")
    words = f"--env {name}: this variable is not set here."
    hint = f"Did you mean {close}?" if close else f"Give its value: --env {name}=VALUE."
    raise InvalidSpec(words, hint=hint, errors=[Problem(words, key=f"environment.variables.{name}")])


def put(values: dict[str, Any], key: str, value: object) -> None:
    """Set a dotted key of nested values; a mapping joins the one that is there."""
    *parents, last = key.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = {**(values.get(last) or {}), **value} if isinstance(value, Mapping) else value


def _name(parsed: Parsed) -> str | None:
    given = parsed.operands[0] if parsed.operands else None
    option = parsed.text("name")
    if given is not None and option is not None and given != option:
        raise InvalidUsage(f"The job has two names: {given!r} and {option!r}.", errors=[Problem("name", key="name")])
    name = given or option
    _check_name(name)
    return name


def _check_name(name: str | None) -> None:
    if name in VERBS:
        raise InvalidUsage(
            f"{name!r} is a verb of %train and no good name for a job.",
            hint=f"For the verb write %train {name} with one %, in a cell of its own; else choose another name.",
            errors=[Problem("name", key="name")],
        )
