"""Functions and classes as they were written, and what decorators and factories made of them.

A piece keeps the lines it has in its cell. One that is indented there, in an
``if`` or in the function that made it, gets a line above it that opens a block;
so its text and columns stay as they were.
"""

from __future__ import annotations

import ast
import enum
import functools
import inspect
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jupyter_training.client.capture import names
from jupyter_training.client.capture.cells import Place, first_line
from jupyter_training.client.capture.found import Thing
from jupyter_training.client.capture.values import Unwritable, words_of
from jupyter_training.client.environment import holds_secret

if TYPE_CHECKING:
    from jupyter_training.client.capture.engine import Capture

__all__ = ["Gone", "decorated", "of_class", "of_function"]

_MOST_WRAPPED = 30


class Gone(Exception):
    """A definition can't be had. Its text ends a sentence that begins with its name."""


def of_function(capture: Capture, name: str, function: types.FunctionType) -> Thing:
    """A function of the namespace, under a name.

    Raises:
        Gone: its source is not known, or what it closes over can't travel.
    """
    is_ours = capture.is_home(function)
    place = capture.cells.of_function(function.__code__) if is_ours else None
    if place is not None and place.around is None and not function.__code__.co_freevars:
        return _lambda(capture, name, function, place) if _is_lambda(place) else _at_top(capture, name, function, place)
    found = decorated(capture, name, function)
    if found is not None:
        return found
    if not is_ours:
        raise Gone(f"was made by {function.__module__}, and no import gives it")
    if place is None:
        raise Gone("is a function whose source is gone")
    if isinstance(place.around, ast.ClassDef):
        return _of_owner(capture, name, function)
    return _closure(capture, name, function, place)


def of_class(capture: Capture, name: str, kind: type) -> Thing:
    """A class of the namespace, under a name.

    Raises:
        Gone: its source is not known, or is not that of the class as it is now.
    """
    if kind.__module__ not in ("__main__", capture.namespace.get("__name__")):
        raise Gone(f"is a class that was made by {kind.__module__}, and no import gives it")
    if "<locals>" in kind.__qualname__:
        raise Gone("is a class that was made inside of a function; define it at the top of a cell")
    if "." in kind.__qualname__:
        return _of_owner(capture, name, kind)
    place = capture.cells.of_class(kind)
    if place is None:
        return _called(capture, name, kind)
    if place.around is not None:
        raise Gone("is a class that was made inside of another definition; define it at the top of a cell")
    thing = _at_top(capture, name, kind, place)
    for base in kind.__mro__[1:]:
        if base.__name__ in thing.early and capture.namespace.get(base.__name__) is not base:
            raise Gone(f"was defined with an earlier `{base.__name__}`; run its cell again")
    _patched(capture, name, kind)
    return thing


def decorated(capture: Capture, name: str, value: Any) -> Thing | None:
    """The definition of this name with its decorators, if the value is what they made of it."""
    if not callable(value):
        return None
    for function in _within(value):
        place = capture.cells.of_function(function.__code__) if capture.is_home(function) else None
        if (
            place is not None
            and place.around is None
            and getattr(place.node, "name", None) == name
            and getattr(place.node, "decorator_list", None)
        ):
            _registered(capture, name, value)
            return _piece(capture, name, place, place.node)
    return None


def _registered(capture: Capture, name: str, value: Any) -> None:
    """What was registered with a ``functools.singledispatch`` is registered again, at the end."""
    registry = vars(value).get("registry") if isinstance(value, types.FunctionType) else None
    if not isinstance(registry, types.MappingProxyType):
        return
    for kind, function in registry.items():
        if kind is object:
            continue
        try:
            words = ", ".join(capture.text_of(one)[0] for one in (kind, function))
        except Unwritable as fault:
            raise Gone(f"has a registered function that {fault.why or 'can not travel'}") from None
        capture.found.after[f"{name} {kind.__module__}.{kind.__qualname__}"] = f"{name}.register({words})"


def _within(value: Any) -> Iterator[types.FunctionType]:
    """Functions that an object wraps, nearest first."""
    waiting = [value]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_WRAPPED:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, types.FunctionType):
            yield one
            for cell in one.__closure__ or ():
                try:
                    waiting.append(cell.cell_contents)
                except ValueError:  # still empty
                    continue
        kept = inspect.getattr_static(one, "__dict__", None)
        kept = one.__dict__ if kept is not None else None
        if callable(one) and not isinstance(one, type) and isinstance(kept, dict):
            waiting.extend(inner for inner in kept.values() if callable(inner))
        if isinstance(one, (functools.partial, functools.partialmethod)):
            waiting.append(one.func)
        elif isinstance(one, types.MethodType):
            waiting.append(one.__func__)


def _at_top(capture: Capture, name: str, live: Any, place: Place) -> Thing:
    """A def or class that stands in no other; under its own name or another."""
    own: str = place.node.name  # type: ignore[union-attr]
    if own == name:
        return _piece(capture, name, place, place.node)
    if capture.namespace.get(own) is live:
        capture.need(own)
        return Thing(name, f"{name} = {own}\n", early={own})
    thing = _piece(capture, name, place, place.node)
    thing.below = f"{name} = {own}\n"
    capture.found.first.setdefault(own, set()).add(name)  # whatever has its name now comes after it
    return thing


def _piece(capture: Capture, name: str, place: Place, node: ast.stmt | ast.expr) -> Thing:
    """The lines of a statement."""
    first = first_line(node)
    text = "".join(place.cell.lines[first - 1 : node.end_lineno])
    if node.col_offset > 0:
        text, first = f"if True:\n{text}", first - 1
    return _used(capture, Thing(name, text, cell=place.cell, line=first, postponed=place.postponed))


def _used(capture: Capture, thing: Thing) -> Thing:
    """The thing, with what it uses taken along."""
    early, late = capture.follow(names.of_definition(thing.text, postponed=thing.postponed), thing.name)
    thing.early |= early - {thing.name}
    thing.late |= late - {thing.name}
    return thing


def _is_lambda(place: Place) -> bool:
    return isinstance(place.node, ast.Lambda)


def _lambda(capture: Capture, name: str, function: types.FunctionType, place: Place) -> Thing:
    """A lambda that closes over nothing: the assignment it was written in, or itself."""
    parent = place.parent
    if function.__defaults__ or function.__kwdefaults__:
        return _closure(capture, name, function, place)
    if (
        isinstance(parent, ast.Assign)
        and [name] == [getattr(one, "id", None) for one in parent.targets]
        and parent.col_offset == 0
        and not place.cell.lines[(parent.end_lineno or 1) - 1].encode()[parent.end_col_offset or 0 :].strip()
    ):
        return _piece(capture, name, place, parent)
    text = f"{name} = ({_segment(place)})\n"
    return _used(capture, Thing(name, text, cell=place.cell, line=place.node.lineno))


def _closure(capture: Capture, name: str, function: types.FunctionType, place: Place) -> Thing:
    """A function that another one made, with the values it closes over handed in."""
    node = place.node
    assert not isinstance(node, ast.ClassDef)
    around, itself = _closed_over(function, node)
    around.update(_defaults(function, node))
    made = f"_make_{name}"
    texts, referred = [], set()
    for variable in sorted(around):
        if holds_secret(variable, around[variable]):
            raise Gone(f"closes over `{variable}`, which looks like a secret, and a job's code is kept and shown")
        try:
            text, others = capture.text_of(around[variable])
        except Unwritable as fault:
            why = fault.why or f"lives only in this kernel ({words_of(around[variable])})"
            raise Gone(f"closes over `{variable}`, which {why}") from None
        texts.append(f"{variable}={text}")
        referred |= others
    head = f"def {made}({', '.join(sorted(around))}):"
    if isinstance(node, ast.Lambda):
        variable = itself or "made"
        source, first = f"{head} {variable} = ({_segment(place)}); return {variable}\n", node.lineno
    else:
        lines = place.cell.lines[node.lineno - 1 : node.end_lineno]
        source, first = "".join([f"{head}\n", *lines, f"{' ' * node.col_offset}return {node.name}\n"]), node.lineno - 1
        if lines[0][: node.col_offset].strip(" "):  # tabs
            source = source.replace(f"{' ' * node.col_offset}return", f"{lines[0][: node.col_offset]}return")
    below = f"{name} = {made}({', '.join(texts)})\ndel {made}\n{name}.__qualname__ = {name!r}\n"
    wrapped = vars(function).get("__wrapped__")
    if wrapped is not None:
        try:
            text, others = capture.text_of(wrapped)
        except Unwritable as fault:
            raise Gone(f"wraps a function that {fault.why or 'can not travel'}") from None
        below += f"{capture.module('functools')}.update_wrapper({name}, {text})\n"
        referred |= others
    thing = Thing(name, source, early=referred - {name}, cell=place.cell, line=first, postponed=True, below=below)
    return _used(capture, thing)


def _closed_over(function: types.FunctionType, node: ast.AST) -> tuple[dict[str, Any], str | None]:
    """The values a function closes over, and the variable that holds the function itself."""
    found: dict[str, Any] = {}
    itself = None
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            raise Gone(f"closes over `{variable}`, which has no value") from None
        if value is function:
            itself = variable
        else:
            found[variable] = value
    if itself is not None and itself != getattr(node, "name", itself):
        raise Gone(f"closes over itself as `{itself}`; define it at the top of a cell")
    return found, itself


def _defaults(
    function: types.FunctionType, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
) -> dict[str, Any]:
    """The variables that default values were taken from, with those values."""
    spec, found = node.args, {}
    positional = list(zip(spec.defaults, function.__defaults__ or (), strict=False))
    by_name = function.__kwdefaults__ or {}
    named = [(one, by_name.get(arg.arg)) for arg, one in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if one]
    for expression, value in (*positional, *named):
        if isinstance(expression, ast.Name):
            found[expression.id] = value
        elif any(isinstance(one, ast.Name) for one in ast.walk(expression)):
            raise Gone("has default values that were computed where it was made; define it at the top of a cell")
    return found


def _segment(place: Place) -> str:
    text = ast.get_source_segment(place.cell.text, place.node)
    assert text is not None
    return text


def _of_owner(capture: Capture, name: str, live: Any) -> Thing:
    """What stands in a class, by way of that class: ``name = Net.forward``."""
    owner, _, path = live.__qualname__.partition(".")
    found: Any = capture.namespace.get(owner)
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is not live or owner == name:
        raise Gone(f"stands in `{owner}`, which is another one now; run its cell again")
    capture.need(owner)
    return Thing(name, f"{name} = {live.__qualname__}\n", early={owner})


def _called(capture: Capture, name: str, kind: type) -> Thing:
    """A class that a call made: a named tuple or an Enum.

    Raises:
        Gone: it is none of them.
    """
    try:
        if kind.__bases__ == (tuple,) and hasattr(kind, "_fields"):
            kept = getattr(kind, "_field_defaults", {})
            defaults = [kept[one] for one in kind._fields if one in kept]
            text, referred = capture.text_of(defaults)
            call = (
                f"{capture.module('collections')}.namedtuple({kind.__name__!r}, {list(kind._fields)!r}, defaults={text}"
            )
            return Thing(name, f"{name} = {call}, module=__name__)\n", early=referred)
        if issubclass(kind, enum.Enum) and len(kind.__bases__) == 1 and kind.__bases__[0].__module__ == "enum":
            members = {key: one.value for key, one in kind.__members__.items()}
            text, referred = capture.text_of(members)
            call = f"{capture.module('enum')}.{kind.__bases__[0].__name__}({kind.__name__!r}, {text}, module=__name__)"
            return Thing(name, f"{name} = {call}\n", early=referred)
    except Unwritable:
        pass
    raise Gone("is a class whose source is gone")


def _patched(capture: Capture, name: str, kind: type) -> None:
    """Methods that were put into the class after its definition are put in again, at the end."""
    for key, value in sorted(vars(kind).items()):
        if (
            isinstance(value, types.FunctionType)
            and capture.is_home(value)
            and not value.__qualname__.startswith(f"{kind.__qualname__}.")
            and capture.cells.of_function(value.__code__) is not None
        ):
            try:
                text, _ = capture.text_of(value)
            except Unwritable as fault:
                raise Gone(f"has a method `{key}` that {fault.why or 'can not travel'}") from None
            capture.found.after[f"{name}.{key}"] = f"{name}.{key} = {text}"
