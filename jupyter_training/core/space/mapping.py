"""A mapping of names becomes domains: each value is read, groups are flattened, conditions find their names.

    optimizer: choice(sgd, adam)                     an expression
    depth: {type: int, minval: 1, maxval: 8}         a typed mapping
    sgd:                                             a group: `sgd.momentum`, `sgd.nesterov`
      when: optimizer == sgd                         for all of it
      momentum: uniform(0, 0.99)
      nesterov: choice(true, false)
    epochs: 20                                       a value

A name in a condition is looked for beside the axis first, then in the groups around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.condition import Condition
from jupyter_training.core.expression.text import refused, sentence, shown
from jupyter_training.core.space import json_form, typed
from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int, Ordinal
from jupyter_training.core.space.reading import domain_of_text, is_expression, unquoted
from jupyter_training.core.space.when import joined
from jupyter_training.errors import InvalidSpec, Problem, near_miss

__all__ = ["may_vary", "nested", "placed", "read"]

_WHEN = "when"
_DEEPEST = 50
_LONGEST_NAME = 200
_DOMAINS = (Choice, Const, Float, Int, Ordinal)


@dataclass(frozen=True)
class _Entry:
    """A domain without its conditions, and these with the group in which each looks for names."""

    domain: Domain
    conditions: tuple[tuple[Condition, str], ...]


def read(given: Mapping[str, Any]) -> dict[str, Domain]:
    """The domain of each name, joined by dots, in the order of the mapping.

    Raises:
        InvalidSpec: with one problem for each fault, its key the name.
    """
    problems: list[Problem] = []
    entries: dict[str, _Entry] = {}
    for name, entry in _group(given, "", (), problems, 0):
        if name in entries:
            problems.append(Problem("this name stands twice, once with dots and once in a group", key=name))
        entries[name] = entry
    # Of a name that could not be read nothing more is said.
    known = [*entries, *(str(one.key) for one in problems)]
    found = {name: _joined(name, entry, known, problems) for name, entry in entries.items()}
    for name, domain in found.items():
        problems.extend(_never(name, domain, found))
    if problems:
        raise _all(problems)
    return found


def may_vary(value: JsonValue) -> bool:
    """Whether a value is a domain or was meant as one, itself or within a group; each other one is read as it is."""
    if isinstance(value, str):
        return is_expression(value)
    if not isinstance(value, Mapping):
        return False
    return _is_domain(value) or any(may_vary(one) for one in value.values())


def nested(config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A config with its dotted names as groups again; a name that is a value itself stays no group."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        *groups, last = name.split(".")
        if any(".".join(groups[: end + 1]) in config for end in range(len(groups))):
            found[name] = deepcopy(value)
            continue
        place = found
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = deepcopy(value)
    return found


def placed(error: InvalidSpec, key: str) -> InvalidSpec:
    """The same error below a key."""
    below = [replace(one, key=".".join(part for part in (key, one.key) if part) or None) for one in error.errors]
    return _all(below) if below else error


def _all(problems: list[Problem]) -> InvalidSpec:
    first = problems[0]
    detail = sentence(first)
    if len(problems) > 1:
        rest = ", ".join(dict.fromkeys(str(one.key) for one in problems[1:]))
        detail = f"{detail} {len(problems) - 1} more: {rest}."
    return InvalidSpec(detail, hint=first.hint, errors=problems)


def _group(
    given: Mapping[str, Any],
    prefix: str,
    conditions: tuple[tuple[Condition, str], ...],
    problems: list[Problem],
    depth: int,
) -> Iterator[tuple[str, _Entry]]:
    if depth > _DEEPEST:
        problems.append(Problem("this is nested too deeply", key=prefix))
        return
    for key, value in given.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if prefix and key == _WHEN and isinstance(value, str):
            continue  # the group's own, read by whoever came here
        try:
            _check_name(key, name)
            if isinstance(value, Mapping) and value and not _is_domain(value):
                own = conditions
                if isinstance(value.get(_WHEN), str):
                    own = (*conditions, (json_form.as_condition(value[_WHEN]), prefix))
                yield from _group(value, name, own, problems, depth + 1)
                continue
            domain = _domain(value)
        except InvalidSpec as error:
            problems.extend(placed(error, name).errors)
            continue
        mine = () if domain.when is None else ((domain.when, prefix),)
        yield name, _Entry(replace(domain, when=None), (*conditions, *mine))


def _is_domain(value: Mapping[str, Any]) -> bool:
    return json_form.is_form(value) or typed.is_typed(value)


def _domain(value: Any) -> Domain:
    if isinstance(value, _DOMAINS):
        return value
    if isinstance(value, str):
        return domain_of_text(value) if is_expression(value) else Const(unquoted(value))
    if isinstance(value, Mapping) and value:
        return json_form.from_json(value) if json_form.is_form(value) else typed.read(value)
    if isinstance(value, (list, tuple)):
        inner = next((one for one in value if isinstance(one, _DOMAINS) or _is_domain_within(one)), None)
        if inner is not None:
            raise refused("a domain stands within a list", hint="A list is one value. Give each axis a name.")
        return Const(list(value))
    return Const(dict(value) if isinstance(value, Mapping) else value)


def _is_domain_within(value: Any) -> bool:
    return isinstance(value, Mapping) and json_form.is_form(value)


def _check_name(key: object, name: str) -> None:
    if not isinstance(key, str):
        raise refused(f"a name must be a text, not {shown(key)}", hint=f'Write "{key}".')
    if not key or not all(part.strip() == part and part for part in key.split(".")):
        raise refused(f"{key!r} is no name", hint="Names have at least one sign between dots, and no blanks around it.")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise refused(f"a name has at most {_LONGEST_NAME} printable signs")


def _joined(name: str, entry: _Entry, known: Sequence[str], problems: list[Problem]) -> Domain:
    """The domain under all its conditions, whose names are whole ones then."""
    when: Condition | None = None
    for one, scope in entry.conditions:
        names: dict[str, str] = {}
        for part in condition.compared(one):
            target = _found(part.name, scope, known)
            if target is None:
                problems.append(_unknown(name, part, known))
            else:
                names[part.name] = target
        when = joined(when, condition.named(one, names))
    return replace(entry.domain, when=when) if when is not None else entry.domain


def _found(name: str, scope: str, known: Sequence[str]) -> str | None:
    parts = scope.split(".") if scope else []
    while parts:
        inner = ".".join([*parts, name])
        if inner in known:
            return inner
        parts.pop()
    return name if name in known else None


def _unknown(name: str, part: condition.Compare, known: Iterable[str]) -> Problem:
    close = near_miss(part.name, [one for one in known if one != name])
    hint = (
        f"Did you mean {close}?" if close else f"There are {', '.join(one for one in known if one != name) or 'none'}."
    )
    return Problem(f"its condition names {shown(part.name)}, and there is no such name", name, None, part.column, hint)


def _never(name: str, domain: Domain, domains: Mapping[str, Domain]) -> Iterator[Problem]:
    """What a condition compares with although the named axis never has it. A constant may have any value."""
    for part in condition.compared(domain.when) if domain.when is not None else ():
        target = domains.get(part.name)
        if target is None or isinstance(target, Const):
            continue
        if part.sign in ("<", "<=", ">", ">="):
            if isinstance(target, (Choice, Ordinal)) and not any(_is_number(one) for one in target.values):
                yield Problem(f"its condition compares {part.name}, which is never a number", name, None, part.column)
            continue
        wanted = part.value if isinstance(part.value, list) and part.sign in ("in", "not in") else [part.value]
        for value in wanted:
            if not target.contains(value):
                yield Problem(f"{part.name} is never {shown(value)}", name, None, part.column, _instead(value, target))


def _instead(value: JsonValue, target: Domain) -> str | None:
    if not isinstance(target, (Choice, Ordinal)):
        return None
    texts = [one for one in target.values if isinstance(one, str)]
    close = near_miss(value, texts) if isinstance(value, str) else None
    if close:
        return f"Did you mean {close}?"
    listed = ", ".join(shown(one) for one in target.values[:8])
    return f"It is one of {listed}{', …' if len(target.values) > 8 else ''}."


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
