"""What pydantic finds wrong, as problems for a person: a key path, a sentence, and the near miss of an unknown key."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError

from jupyter_training.errors import Problem, near_miss
from jupyter_training.languages import config_cell

__all__ = ["problems_of"]

_UNION = re.compile(r"\.(?:literal|dict|constrained-str|function-\w+)\[.*")  # where pydantic names an alternative
_KINDS = {  # pydantic's kinds of faults whose words are for programmers
    "tuple_type": "it must be a list",
    "dict_type": "it must be a mapping",
    "string_type": "it must be a text",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "it must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "it must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "it must be true or false"),
}


def problems_of(
    error: ValidationError, *, known: Mapping[str, list[str]] | None = None, below: str = "", lacking: bool = True
) -> list[Problem]:
    """The problems of a model. ``below``: the key under which it stands; ``lacking``: also of keys that are missing."""
    found: list[Problem] = []
    for item in error.errors(include_url=False):
        if item["type"] == "missing" and not lacking:
            continue
        path = _UNION.sub("", ".".join(filter(None, [below, *(str(part) for part in item["loc"])])))
        hint = None
        if item["type"] == "extra_forbidden" and known:
            parent, _, key = path.rpartition(".")
            close = near_miss(key, known.get(parent, []))
            hint = f"Did you mean {close!r}?" if close else None
            found.append(Problem(f"there is no key {key!r}", key=path, hint=hint))
        else:
            words = _KINDS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
            if item["type"] == "literal_error":
                close = near_miss(str(item["input"]), re.findall(r"'([^']*)'", item["ctx"]["expected"]))
                hint = f"Did you mean {close!r}?" if close else None
            elif item["type"] == "string_type" and not isinstance(item["input"], (dict, list)):
                hint = "Put it in quotes."  # a number or a boolean to YAML; how it was written is lost
            elif item["type"] == "dict_type" and isinstance(item["input"], str):
                meant = config_cell.colon_for_equals(item["input"])
                hint = f"Write {meant}" if meant else None
            found.append(Problem(words[0].lower() + words[1:], key=path, hint=hint))
    return found
