"""Keep what the job shows: each figure becomes a file of its outputs and a line in the spool.

    plt.show(), display(fig), display(image) -> figures/0001.png, 0002.png ... -> ["f", time, "figures/0001.png"]

A figure gets its number when it is whole: written beside, then linked under the
first free name, so that neither a kill nor another process of the job leaves
half a picture. The first ones are kept and the newest; what lies between is
replaced, and the log says so once. Showing never ends a training: what can't be
drawn or written is said in the log.
"""

from __future__ import annotations

import hashlib
import os
import sys
from _thread import allocate_lock

from jupyter_training.runtime import job, journal, show_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FOLDER", "LARGEST", "MOST", "keep_open", "shown", "through_manager"]

FOLDER = "figures"
MOST = 100  # files; the last number always has the newest
LARGEST = 8 * 1024 * 1024  # bytes of one
_WIDEST = 2400  # pixels of a drawn figure
_PNG, _JPEG = b"\x89PNG\r\n", b"\xff\xd8\xff"

_lock = allocate_lock()
_kept: dict[str, str] = {}  # content -> name: what has not changed is not kept twice
_said: set[str] = set()


def shown(thing: object) -> str | None:
    """Keep the thing's picture, if it has one; the name below the outputs. Never raises an Exception."""
    if not os.environ.get(job.OUTPUT):
        return None
    try:
        found = _picture(thing)
        return _keep(*found) if found is not None else None
    except Exception as error:  # noqa: BLE001 (from somebody else's drawing; the training is worth more than a picture)
        _say(type(error).__name__, f"a figure could not be kept: {type(error).__name__}: {error}")
        return None


def through_manager(manager: Any) -> None:
    """What ``plt.show()`` and ``fig.show()`` do where there is no screen, in place of a warning."""
    shown(manager.canvas.figure)
    if show_hook.closes:
        helper = sys.modules.get("matplotlib._pylab_helpers")
        if helper is not None:
            helper.Gcf.destroy(manager)


def keep_open() -> None:
    """Keep what pyplot still holds open, as a notebook shows it below the cell."""
    helper = sys.modules.get("matplotlib._pylab_helpers")
    for manager in helper.Gcf.get_all_fig_managers() if helper is not None else ():
        if manager.canvas.figure.axes:  # an empty one was only made
            through_manager(manager)


def _picture(thing: Any) -> tuple[bytes, str] | None:
    """The thing as the content of an image file, and that file's ending."""
    if isinstance(thing, type):
        return None
    figure = _matplotlib_figure(thing)
    if figure is not None:
        return _drawn(figure), "png"
    for method in ("_repr_png_", "_repr_jpeg_"):
        found = _asked(thing, method)
        if found is not None:
            content = _bytes(found)
            if content.startswith(_PNG):
                return content, "png"
            if content.startswith(_JPEG):
                return content, "jpg"
    bundle = _asked(thing, "_repr_mimebundle_")
    if isinstance(bundle, dict):
        for kind, start, ending in (("image/png", _PNG, "png"), ("image/jpeg", _JPEG, "jpg")):
            if kind in bundle and _bytes(bundle[kind]).startswith(start):
                return _bytes(bundle[kind]), ending
    drawing = _asked(thing, "_repr_svg_")
    return (drawing.encode(), "svg") if isinstance(drawing, str) and drawing else None


def _matplotlib_figure(thing: Any) -> Any:
    module = sys.modules.get("matplotlib.figure")
    return thing if module is not None and isinstance(thing, module.FigureBase) else None


def _drawn(figure: Any) -> bytes:
    """A matplotlib figure as PNG, at most so many pixels wide or high."""
    from io import BytesIO

    target = BytesIO()
    root = figure.get_figure() or figure
    longest = max(*root.get_size_inches(), 1.0)
    root.savefig(target, format="png", bbox_inches="tight", dpi=min(root.dpi, _WIDEST / longest))
    return target.getvalue()


def _asked(thing: Any, method: str) -> Any:
    ask = getattr(thing, method, None)
    found = ask() if callable(ask) else None
    return found[0] if isinstance(found, tuple) and found else found  # with metadata


def _bytes(content: object) -> bytes:
    """The content, also where it is given as base64."""
    if isinstance(content, str):
        from base64 import b64decode

        return b64decode(content)
    return bytes(content) if isinstance(content, (bytes, bytearray, memoryview)) else b""


def _keep(content: bytes, ending: str) -> str | None:
    if len(content) > LARGEST:
        _say("large", f"a figure of {len(content) >> 20} MB was not kept; {LARGEST >> 20} MB at most are.")
        return None
    key = hashlib.sha256(content).hexdigest()
    with _lock:
        name = _kept.get(key)
        if name is None:
            name = f"{FOLDER}/{_placed(content, ending)}"
            for old in [old for old, place in _kept.items() if place == name]:
                del _kept[old]
            _kept[key] = name
            journal.figure_kept(name)
    return name


def _placed(content: bytes, ending: str) -> str:
    """Write the file under the next number; its name."""
    folder = os.path.join(os.environ[job.OUTPUT], FOLDER)
    os.makedirs(folder, exist_ok=True)
    beside = os.path.join(folder, f".{os.getpid()}.tmp")
    with open(beside, "wb") as file:
        file.write(content)
    try:
        number = 1 + max(map(_number, os.listdir(folder)), default=0)
        while number < MOST:
            name = f"{number:04}.{ending}"
            try:
                os.link(beside, os.path.join(folder, name))
                return name
            except FileExistsError:  # another process of the job was faster
                number += 1
            except OSError:  # a file system without links
                break
        name = f"{min(number, MOST):04}.{ending}"
        if number >= MOST:
            _say("many", f"{MOST} figures are kept; from now on the newest replaces the last of them.")
            for old in os.listdir(folder):
                if old.startswith(f"{MOST:04}.") and old != name:
                    os.unlink(os.path.join(folder, old))
        os.replace(beside, os.path.join(folder, name))
        return name
    finally:
        if os.path.exists(beside):
            os.unlink(beside)


def _number(name: str) -> int:
    """The number of one of ours; 0 of a file that the person's code has put beside them, as ``2024.png``."""
    digits = name.partition(".")[0]
    return int(digits) if len(digits) == 4 and digits.isascii() and digits.isdigit() and int(digits) <= MOST else 0


def _say(key: str, sentence: str) -> None:
    if key not in _said:
        _said.add(key)
        journal.say(sentence)
