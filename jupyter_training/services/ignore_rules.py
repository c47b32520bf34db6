"""Ignore files, read for clients that have no reader of their own: gitignore lines as plain regexes."""

from __future__ import annotations

import re
from typing import Annotated

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern
from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["IgnoreRule", "IgnoreRules", "IgnoreText", "ignore_rules"]

_THEIR_GROUP, _OUR_GROUP = "(?P<ps_d>", "(?P<folder>"
_ANY_FOLDER = {"(?P<ps_d>/)": "^(?:.+/)?[^/]+(?P<ps_d>/)"}  # pathspec's short form finds the first slash only


class IgnoreText(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(max_length=1_000_000)]


class IgnoreRule(BaseModel):
    """One line. ``regex`` is looked for from the start of a path; ``include``: what fits is brought back.

    The last rule that fits decides. The group ``folder`` is the slash behind the
    name of a folder that fits: a path that goes on behind it is only below it.
    """

    model_config = ConfigDict(frozen=True)

    include: bool
    regex: str


class IgnoreRules(BaseModel):
    model_config = ConfigDict(frozen=True)

    rules: tuple[IgnoreRule, ...]


def ignore_rules(asked: IgnoreText) -> IgnoreRules:
    """The rules of an ignore file's text, in their order; comments and empty lines give none.

    Raises:
        InvalidSpec: a line is no gitignore pattern; with its number.
    """
    rules = []
    for number, line in enumerate(asked.text.split("\n"), 1):
        try:
            pattern = GitIgnoreSpecPattern(line)
        except (GitIgnorePatternError, re.error):
            words = f"{line.strip()[:80]!r} is no gitignore pattern"
            raise InvalidSpec(
                f"Line {number} of the ignore file: {words}.", errors=[Problem(words, line=number)]
            ) from None
        if pattern.include is not None:
            assert pattern.regex is not None
            # pathspec's "include" is what belongs to the ignored.
            theirs = pattern.regex.pattern
            regex = _ANY_FOLDER.get(theirs, theirs).replace(_THEIR_GROUP, _OUR_GROUP)
            rules.append(IgnoreRule(include=not pattern.include, regex=regex))
    return IgnoreRules(rules=tuple(rules))
