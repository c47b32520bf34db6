"""Help, made from the table of commands, and the doctor's findings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import jupyter_training
from jupyter_training.errors import TrainingError
from jupyter_training.kernel.commands import CELL, CONFIG, FRONT, Command
from jupyter_training.kernel.line_verbs import VERBS, verbs_below
from jupyter_training.kernel.notebook import notebook_of
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.wording import plain

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_training.kernel.session import Session

__all__ = ["TOPICS", "command", "doctor", "overview"]

TOPICS = {"train": CELL, "train_config": CONFIG, **VERBS}  # what help can be asked for, without %


_EXAMPLE = """\
For example, as a cell of its own:

    %%train digits lr=0.01 --timeout 2h
    from jupyter_training import report
    lr = 0.1
    for step in range(100):
        report(step=step, loss=lr / (step + 1))
"""


def overview() -> str:
    """How the cell magic is written, and one line for each verb."""
    others = [CONFIG, *(one for name, one in VERBS.items() if not name.startswith("experiment "))]
    width = max(len(_verb(one)) for one in others)
    lines = "\n".join(f"  {_verb(one).ljust(width)}  {one.summary}" for one in others)
    return (
        f"{_EXAMPLE}\n{command(CELL)}\n\nBeside it:\n{lines}\n"
        f"  {'%train'.ljust(width)}  {FRONT.summary}\nOptions of each: %train help VERB"
    )


def command(one: Command) -> str:
    """The help of one command."""
    lines = [one.usage, f"  {one.summary}"]
    width = max((len(option.usage) for option in one.options), default=0)
    lines += [f"  {option.usage.ljust(width)}  {option.help}" for option in one.options]
    lines += [f"  {note}" for note in one.notes]
    below = [VERBS[f"{one.name} {verb}"] for verb in verbs_below(one.name)]
    width = max((len(_verb(each)) for each in below), default=0)
    lines += [f"  {_verb(each).ljust(width)}  {each.summary}" for each in below]
    return "\n".join(lines)


def doctor(session: Session, shell: InteractiveShell) -> Table:
    """What this kernel is connected to, and what is wrong with it."""
    rows = [("package", str(jupyter_training.__version__)), ("python", sys.executable)]
    if not plain():
        rows.append(("notebook", notebook_of(shell) or "not known to this kernel"))
    try:
        info = session.client.info()
    except TrainingError as error:
        rows.append(("server", f"✕ {error}"))
        return _table(rows)
    rows.append(("server", session.client.place))
    same = info["version"] == jupyter_training.__version__
    rows.append(
        ("its version", info["version"] + ("" if same else f"  (this kernel has {jupyter_training.__version__})"))
    )
    rows.append(("store", info["store"]))
    sign = "✓" if info["dispatcher"]["alive"] else "·"
    rows.append(("dispatcher", f"{sign} {info['dispatcher']['sentence']}"))
    rows.append(("record", info["tracking"]))
    try:
        pools = session.client.pools()
    except TrainingError as error:
        rows.append(("pools", f"✕ {error}"))
    else:
        rows += [(f"pool {pool['name']}", f"{pool['used']} of {pool['slots']} slots used") for pool in pools]
    return _table(rows)


def _table(rows: list[tuple[str, str]]) -> Table:
    return Table(("", ""), [[Cell(key), Cell(text)] for key, text in rows])


def _verb(one: Command) -> str:
    return " ".join(filter(None, [one.magic, one.operands]))
