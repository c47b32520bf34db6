"""``hpo.csv``: what every update of a model has tried, one row for each report of each trial.

    update_id,trial_id,epoch,val_accuracy,config_learning_rate,config_optimizer
    0,0,1,0.71,0.03,SGD
    1,0,1,0.74,0.01,SGD

``update_id`` counts up from 0; later updates may have other columns, whose cells are empty before.
"""

from __future__ import annotations

import csv
import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["CONFIG", "FIXED", "UPDATE", "configurations", "next_update", "read", "row", "write"]

UPDATE = "update_id"
FIXED = (UPDATE, "trial_id", "epoch")
CONFIG = "config_"  # before the name of what was configured


def read(file: str | os.PathLike[str]) -> list[dict[str, str]]:
    """The rows of a history, as texts; none where there is no file.

    Raises:
        ValueError: it is no history of updates.
    """
    try:
        with open(file, encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            found = [dict(one) for one in reader]
            columns = list(reader.fieldnames or ())
    except FileNotFoundError:
        return []
    if columns and UPDATE not in columns:
        raise ValueError(f"{os.fspath(file)} has no column {UPDATE}")
    return found


def next_update(rows: Iterable[Mapping[str, str]]) -> int:
    """The number of the update that follows on these rows."""
    return max((int(one[UPDATE]) for one in rows), default=-1) + 1


def row(
    trial: int, epoch: int | None, metrics: Mapping[str, float | None], config: Mapping[str, Any]
) -> dict[str, Any]:
    """One report of one trial, as a row without the number of its update."""
    found: dict[str, Any] = {"trial_id": trial, "epoch": "" if epoch is None else epoch}
    found.update((name, "" if value is None else value) for name, value in metrics.items())
    found.update((CONFIG + name, value) for name, value in config.items())
    return found


def configurations(
    rows: Iterable[Mapping[str, str]], axes: Iterable[str], metric: str, mode: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """What was tried before, each configuration once: those of the newest update first, the best of an update first.

    The second list: axes without a column, for which there is no history.
    """
    names = list(axes)
    lacking = set(names)
    ranks: dict[tuple[str, ...], tuple[int, float]] = {}
    for one in rows:
        lacking = {name for name in lacking if CONFIG + name not in one}
        values = tuple(one.get(CONFIG + name) or "" for name in names)
        judged = one.get(metric)
        if all(values) and judged:
            rank = (int(one[UPDATE]), float(judged) * (-1 if mode == "min" else 1))
            ranks[values] = max(rank, ranks.get(values, rank))
    if lacking:
        return [], [name for name in names if name in lacking]
    best = sorted(ranks, key=lambda values: ranks[values], reverse=True)
    return [{name: _value(values[place]) for place, name in enumerate(names)} for values in best], []


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)


def write(
    file: str | os.PathLike[str],
    before: list[dict[str, str]],
    update: int,
    rows: Iterable[Mapping[str, Any]],
    columns: Iterable[str],
) -> None:
    """Write the history of earlier updates and of this one, which has these columns beside those in ``FIXED``.

    The file is there as a whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    names = _columns([*(before[0] if before else ()), *columns])
    temporary = f"{os.fspath(file)}.new"
    with open(temporary, "w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(before)
        writer.writerows({UPDATE: update, **one} for one in rows)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(temporary, file)


def _columns(columns: Iterable[str]) -> list[str]:
    """What says where a row belongs, then metrics, then what was configured; each in the order it came first."""
    others = [name for name in dict.fromkeys(columns) if name not in FIXED]
    return [*FIXED, *_ordered(others, of_config=False), *_ordered(others, of_config=True)]


def _ordered(names: Iterable[str], *, of_config: bool) -> Iterator[str]:
    return (name for name in names if name.startswith(CONFIG) is of_config)
