"""What a person types to narrow a list of jobs, and whether a job fits it. Pure.

    state:failed,canceled tag:data=v2 name:digits-* -user:bob val_accuracy>0.9 lr<=0.1 "two words" mlp

* ``word:value``: ``state``, ``tag``, ``name``, ``user``, ``pool``, ``notebook``. A comma stands between
  alternatives; ``*`` and ``?`` stand for any characters, but for states. ``tag:k`` is any value of the tag,
  ``tag:k=v`` that one. A notebook is meant by its path or by the end of it, with or without ``.ipynb``;
  with a ``/`` in front by its whole path.
* ``is:archived``: what was put away, which a list leaves out otherwise.
* ``name<value`` with ``> >= < <= = !=``: the last value of the metric of that name or, where the job has none,
  its parameter. What has neither fits no comparison.
* Anything else is a part of the name or of the id, in any case.
* ``-`` in front negates a term; quotes keep spaces, colons and signs together.

A job fits when it fits every term. The same word twice in a row gives alternatives: ``state:failed state:canceled``.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import JsonValue

from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import InvalidRequest, Problem, near_miss

__all__ = ["WORDS", "Comparison", "Field", "Filter", "Term", "Text", "fits", "parse"]

Word = Literal["state", "tag", "name", "user", "pool", "notebook", "is"]
WORDS: tuple[Word, ...] = ("state", "tag", "name", "user", "pool", "notebook", "is")

_STATES = [state.value for state in JobState]
_SIGNS = re.compile(r">=|<=|!=|==|>|<|=")
_PIECE_END = re.compile(r'[\s":<>=!]')
_ITEM_END = re.compile(r'[\s",]')
_VALUE_END = re.compile(r'[\s"]')
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Field:
    """One of the words, and the values of which one must fit."""

    word: Word
    values: tuple[str, ...]
    negated: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether each value stands for itself."""
        return not any(sign in value for value in self.values for sign in "*?[")


@dataclass(frozen=True)
class Comparison:
    """A metric or parameter and what it is held against. An order needs a number; equality takes texts too."""

    name: str
    sign: Literal[">", ">=", "<", "<=", "=", "!="]
    value: float | str
    negated: bool = False


@dataclass(frozen=True)
class Text:
    """A part of the name or the id."""

    text: str
    negated: bool = False


Term = Field | Comparison | Text


@dataclass(frozen=True)
class Filter:
    terms: tuple[Term, ...] = ()

    @property
    def metrics(self) -> frozenset[str]:
        """The names whose last values decide."""
        return frozenset(term.name for term in self.terms if isinstance(term, Comparison))

    @property
    def is_about_archive(self) -> bool:
        """Whether it says itself what becomes of jobs that were put away."""
        return any(isinstance(term, Field) and term.word == "is" for term in self.terms)


def parse(text: str) -> Filter:
    """The filter that a text says. An empty text lets everything through.

    Raises:
        InvalidRequest: with the column, and the near miss of a word or a state.
    """
    terms: list[Term] = []
    reader = _Reader(text)
    while reader.more():
        term = reader.term()
        before = terms[-1] if terms else None
        if (
            isinstance(term, Field)
            and isinstance(before, Field)
            and (term.word, term.negated) == (before.word, before.negated)
            and term.word != "tag"
        ):
            terms[-1] = Field(term.word, (*before.values, *term.values), term.negated)
        else:
            terms.append(term)
    return Filter(tuple(terms))


def fits(wanted: Filter, job: Job, last: Mapping[str, float | None]) -> bool:
    """Whether a job fits. ``last``: the last values of its metrics, at least of ``wanted.metrics``."""
    return all(_fits(term, job, last) is not term.negated for term in wanted.terms)


def _fits(term: Term, job: Job, last: Mapping[str, float | None]) -> bool:
    if isinstance(term, Text):
        wanted = term.text.casefold()
        return wanted in job.name.casefold() or wanted in job.id
    if isinstance(term, Comparison):
        return _holds(term, job, last)
    if term.word == "tag":
        return any(_has_tag(job.spec.tags, value) for value in term.values)
    if term.word == "is":
        return job.archived
    if term.word == "notebook":
        return any(_is_notebook(job.origin.notebook, value) for value in term.values)
    found = {"state": job.state.value, "name": job.name, "user": job.origin.user, "pool": job.pool}[term.word]
    return any(_like(found, value) for value in term.values)


def _like(found: str, value: str) -> bool:
    return found == value or fnmatchcase(found, value)


def _has_tag(tags: Mapping[str, str], value: str) -> bool:
    name, equals, wanted = value.partition("=")
    return any(_like(tag, name) and (not equals or _like(tags[tag], wanted)) for tag in tags)


def _is_notebook(path: str | None, value: str) -> bool:
    if path is None:
        return False
    wholes = (path, path.removesuffix(".ipynb"))
    if value.startswith("/"):
        return any(_like("/" + whole.removeprefix("/"), value) for whole in wholes)
    return any(_like(end, value) for whole in wholes for end in _ends(whole))


def _ends(path: str) -> list[str]:
    """The path and each of its ends: ``a/b/c``, ``b/c``, ``c``."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _holds(term: Comparison, job: Job, last: Mapping[str, float | None]) -> bool:
    found: JsonValue = last.get(term.name)
    if found is None:
        if term.name not in job.params:
            return False
        found = job.params[term.name]
    if term.sign in ("=", "!="):
        return _equal(found, term.value) is (term.sign == "=")
    if isinstance(found, bool) or not isinstance(found, (int, float)) or isinstance(term.value, str):
        return False
    return _ORDER[term.sign](found, term.value)


def _equal(found: JsonValue, value: float | str) -> bool:
    if isinstance(value, float):
        return isinstance(found, (int, float)) and not isinstance(found, bool) and found == value
    text = found if isinstance(found, str) else json.dumps(found)
    return text.casefold() == value.casefold()


class _Reader:
    """Goes through a text once. Columns count from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def more(self) -> bool:
        while self._place < len(self._text) and self._text[self._place].isspace():
            self._place += 1
        return self._place < len(self._text)

    def term(self) -> Term:
        start = self._place
        negated = self._text[start] == "-" and not self._is_end(start + 1)
        self._place += negated
        begin = self._place
        piece = self._piece(_PIECE_END)
        sign = _SIGNS.match(self._text, self._place)
        if self._text.startswith(":", self._place):
            self._place += 1
            return self._field(piece, begin, negated)
        if sign is not None:
            self._place = sign.end()
            return self._comparison(piece, sign[0], begin, negated)
        if self._text.startswith("!", self._place):
            raise _error("'!' alone says nothing", self._place, "Unequal is !=; a - in front of a term negates it.")
        if not piece:
            raise _error("an empty text finds nothing", begin)
        self._must_end()
        return Text(piece, negated)

    def _field(self, word: str, start: int, negated: bool) -> Field:
        lower = word.lower()
        known = next((one for one in WORDS if one == lower), None)
        if known is None:
            close = near_miss(word, WORDS)
            hint = f"Did you mean {close!r}?" if close else f"The words are: {', '.join(WORDS)}."
            raise _error(f"there is no word {word[:60]!r}", start, hint)
        values: list[str] = []
        while True:
            at = self._place
            value = self._piece(_ITEM_END)
            if not value:
                raise _error(
                    f"a value is missing after {self._text[start:at]!r}", at, f"Write e.g. {_EXAMPLES[known]}."
                )
            values.append(_CHECKED[known](value, at) if known in _CHECKED else value)
            if not self._text.startswith(",", self._place):
                break
            self._place += 1
        self._must_end()
        return Field(known, tuple(values), negated)

    def _comparison(self, name: str, sign: str, start: int, negated: bool) -> Comparison:
        at = self._place
        if not name:
            raise _error(f"a name is missing before {sign!r}", start, "Write e.g. val_accuracy>0.9.")
        quoted = self._text.startswith('"', at)
        value = self._piece(_VALUE_END)
        if not value and not quoted:
            raise _error(f"a value is missing after {self._text[start:at]!r}", at, f"Write e.g. {name}{sign}0.9.")
        self._must_end()
        number = None if quoted else _number(value)
        if sign in _ORDER and number is None:
            raise _error(
                f"{value[:60]!r} is not a number", at, f"{sign} compares numbers; texts are compared by = or !=."
            )
        sign = "=" if sign == "==" else sign
        return Comparison(name, sign, value if number is None else number, negated)  # type: ignore[arg-type]

    def _piece(self, end: re.Pattern[str]) -> str:
        """A quoted text, or what stands up to an end sign."""
        start = self._place
        if self._text.startswith('"', start):
            close = self._text.find('"', start + 1)
            if close < 0:
                raise _error("this quote is not closed", start, 'Put a " at its end.')
            self._place = close + 1
            return self._text[start + 1 : close]
        found = end.search(self._text, start)
        self._place = found.start() if found is not None else len(self._text)
        return self._text[start : self._place]

    def _must_end(self) -> None:
        if not self._is_end(self._place):
            raise _error(f"{self._text[self._place]!r} stands too close", self._place, "Put a space between terms.")

    def _is_end(self, place: int) -> bool:
        return place >= len(self._text) or self._text[place].isspace()


_EXAMPLES: Mapping[Word, str] = {
    "state": "state:failed",
    "tag": "tag:data or tag:data=v2",
    "name": "name:digits-*",
    "user": "user:ada",
    "pool": "pool:local",
    "notebook": "notebook:digits.ipynb",
    "is": "is:archived",
}


def _state(value: str, place: int) -> str:
    lower = value.lower()
    if lower not in _STATES:
        close = near_miss(value, _STATES)
        hint = f"Did you mean {close!r}?" if close else f"The states are: {', '.join(_STATES)}."
        raise _error(f"there is no state {value[:60]!r}", place, hint)
    return lower


def _is(value: str, place: int) -> str:
    if value.lower() != "archived":
        raise _error(f"a job is not {value[:60]!r}", place, "Write is:archived.")
    return "archived"


_CHECKED: Mapping[Word, Callable[[str, int], str]] = {"state": _state, "is": _is}


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _error(words: str, place: int, hint: str | None = None) -> InvalidRequest:
    problem = Problem(words, key="filter", line=1, column=place + 1, hint=hint)
    return InvalidRequest(f"filter, column {place + 1}: {words}.", hint=hint, errors=[problem])
