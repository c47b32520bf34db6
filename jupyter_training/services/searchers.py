"""Who can propose configurations: every name, its options, and whether it runs here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, JsonValue, ValidationError

from jupyter_training.errors import InvalidSpec, Problem, TrainingError, UnknownPlugin, near_miss
from jupyter_training.schema import SearcherList, SearcherView
from jupyter_training.seams import registry
from jupyter_training.seams.searcher import Checked, Setup
from jupyter_training.searchers import catalogue

__all__ = ["DEFAULT", "Chosen", "chosen", "listed", "try_setup"]

DEFAULT = "tpe"  # where nobody names one: it takes one metric or several, and any space


class Chosen(BaseModel):
    """A searcher by the name that is kept, with options as they were judged. ``note``: what the given name became."""

    name: str
    metrics: str  # one, several, any
    stops: str
    origin: str
    options: dict[str, JsonValue]
    note: str | None = None

    @property
    def is_multi_fidelity(self) -> bool:
        return self.stops in ("stops", "pauses")


def chosen(name: str, options: Mapping[str, JsonValue]) -> Chosen:
    """The searcher of a name with these options.

    Raises:
        UnknownPlugin: there is none; with the near miss and the list.
        InvalidSpec: it does not run here, or an option is none of its own; with the key.
    """
    try:
        found = catalogue.find(name)
    except UnknownPlugin as error:
        error.errors = (Problem(error.detail.removesuffix("."), key="searcher", hint=error.hint),)
        raise
    entry = found.entry
    factory = registry.load("searchers", entry.name)
    judged = _judged(entry.name, factory.Options, options)
    note = found.note
    return Chosen(
        name=entry.name, metrics=entry.metrics, stops=entry.stops, origin=entry.source, options=judged, note=note
    )


def try_setup(one: Chosen, setup: Setup) -> None:
    """Let it say now what it would say later. One of ours is made, which costs nothing; of others that can be asked.

    Raises:
        InvalidSpec: the space, the objective or an option is nothing for it; with the key.
    """
    factory = registry.load("searchers", one.name)
    options = factory.Options.model_validate(one.options)
    if one.origin == "ours":
        factory(setup, options)
    elif isinstance(factory, Checked):
        factory.check(setup, options)


def listed() -> SearcherList:
    """Every searcher by name, those that lack something and those that are refused too, then other names for them."""
    views: list[SearcherView] = []
    for entry in catalogue.rows():
        status = catalogue.status(entry)
        views.append(
            SearcherView(
                name=entry.name,
                summary=entry.summary,
                origin=_ORIGINS.get(entry.source, "plug-in"),
                kind=_kinds(entry),
                replay=entry.replay,
                status=status,
                sentence=catalogue.sentence(entry),
                options=_schema(entry.name) if status == "installed" else {},
            )
        )
    known = {view.name: view for view in views}
    for alias, (target, meaning) in catalogue.ALIASES.items():
        if target in known:
            of = known[target]
            words = f"{alias} is {target} here{f': {meaning}' if meaning else '.'}"
            views.append(of.model_copy(update={"name": alias, "status": "alias", "sentence": words}))
    return SearcherList(searchers=tuple(views))


_ORIGINS: dict[str, Literal["ours", "syne-tune", "optuna"]] = {
    "ours": "ours",
    "Syne Tune": "syne-tune",
    "Optuna": "optuna",
}


def _kinds(entry: Any) -> tuple[str, ...]:
    found: tuple[str, ...] = ("single-objective", "multi-objective")
    if entry.metrics != "any":
        found = ("single-objective",) if entry.metrics == "one" else ("multi-objective",)
    if entry.stops in ("stops", "pauses"):
        found += ("multi-fidelity",)
    return (*found, "population") if entry.population else found


def _schema(name: str) -> dict[str, JsonValue]:
    try:
        schema: dict[str, JsonValue] = registry.load("searchers", name).Options.model_json_schema()
    except TrainingError:
        return {}
    return schema


def _judged(name: str, model: type[BaseModel], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The options that were given, as the model takes them; its defaults are left to the model."""
    try:
        found: dict[str, JsonValue] = model.model_validate(dict(given)).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        known = list(model.model_fields)
        problems = [_problem(item, known) for item in error.errors(include_url=False)]
        first = problems[0]
        raise InvalidSpec(f"{first.key}: {first.detail} (searcher {name}).", hint=first.hint, errors=problems) from None
    return found


def _problem(item: Any, known: list[str]) -> Problem:
    path = [str(part) for part in item["loc"]]
    key = ".".join(["searcher_options", *path])
    if item["type"] == "extra_forbidden":
        close = near_miss(path[-1], known)
        listed = f"There is: {', '.join(known)}." if known else "It has none."
        hint = f"Did you mean {close!r}?" if close else listed
        return Problem(f"there is no option {path[-1]!r}", key=key, hint=hint)
    words = item["msg"].removeprefix("Value error, ")
    return Problem(words[0].lower() + words[1:], key=key)
