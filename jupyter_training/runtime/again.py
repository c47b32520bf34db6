"""Imported by a child that multiprocessing spawns, as its ``__main__``: the cell's definitions."""

from __future__ import annotations

from jupyter_training.runtime import cell as _cell

_cell.repeat(globals())
