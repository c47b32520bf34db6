"""What a job printed, as one text file of bounded size for its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_training.core.job import Attempt
from jupyter_training.spool import attempt_folder
from jupyter_training.spool import log as spool_log

__all__ = ["write_log"]

_PIECE = 1024 * 1024
_HALF = 8 * 1024 * 1024  # bytes kept of the beginning and of the end of an attempt's log


def write_log(spool: Path, attempts: Sequence[Attempt], folder: Path, *, half: int = _HALF) -> Path | None:
    """Write ``log.txt`` into a folder. None where the attempts left nothing to read.

    An attempt's log of more than twice ``half`` bytes loses its middle, in words.
    """
    target = folder / "log.txt"
    anything = False
    with open(target, "w", encoding="utf-8", errors="replace", newline="") as out:
        for attempt in attempts:
            place = attempt_folder(spool, attempt.job, attempt.number)
            size = spool_log.size(place)
            if size == 0:
                continue
            anything = True
            if len(attempts) > 1:
                out.write(f"[ attempt {attempt.number} ]\n")
            middle = (half, size - half) if size > 2 * half else (size, size)
            out.writelines(_text(place, 0, middle[0]))
            if middle[0] < middle[1]:
                left_out = middle[1] - middle[0]
                out.write(f"\n[ {left_out / 1e6:.1f} MB left out here: the record keeps the beginning and the end ]\n")
                out.writelines(_text(place, middle[1], size))
    return target if anything else None


def _text(place: Path, start: int, end: int) -> Iterator[str]:
    offset = start
    while offset < end:
        piece = spool_log.read(place, offset, min(_PIECE, end - offset))
        if piece.next == offset:
            return
        yield piece.text
        offset = piece.next
