"""Stand where figures are shown, without importing what draws them.

An entry in ``sys.meta_path`` waits for two modules, should the person's code
import them, and puts one function of each in place of theirs:

    matplotlib.backend_bases        what plt.show() does where there is no window
    IPython.core.display_functions  display(), as a notebook's code imports it

A job has no window: where nobody chose a backend, or the notebook's own came
along, it is Agg. A backend that the person chose stands.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["closes", "display", "install", "keep_open"]

closes = False  # in a cell, as in its notebook: a shown figure is no longer the one that pyplot draws on

_NOTEBOOKS = ("module://matplotlib_inline", "module://ipykernel", "module://ipympl", "inline", "nbagg", "notebook")


def install() -> None:
    """Watch for the first import of each in this process and its forks."""
    chosen = os.environ.get("MPLBACKEND", "")
    if not chosen or chosen.lower().startswith(_NOTEBOOKS):
        os.environ["MPLBACKEND"] = "agg"
    sys.meta_path.insert(0, _Finder())


def display(*things: object, **_options: object) -> None:
    """What notebooks call to show something: pictures are kept, and the log has the rest as text."""
    from jupyter_training.runtime import figures

    for thing in things:
        kept = figures.shown(thing)
        if kept is not None:
            print(f"{type(thing).__name__} kept as {kept}")
        elif not (isinstance(thing, dict) and _options.get("raw")):
            print(repr(thing))


def keep_open() -> None:
    """Keep what the code drew and did not show, as a notebook shows it below the cell."""
    if "matplotlib._pylab_helpers" in sys.modules:
        from jupyter_training.runtime import figures

        figures.keep_open()


def _matplotlib(module: Any) -> None:
    def show(self: Any) -> None:
        from jupyter_training.runtime import figures

        figures.through_manager(self)

    module.FigureManagerBase.show = show


def _ipython(module: Any) -> None:
    theirs = module.display

    def shown(*things: object, **options: Any) -> Any:
        core = sys.modules.get("IPython.core.interactiveshell")
        if core is not None and core.InteractiveShell.initialized():
            return theirs(*things, **options)
        return display(*things, **options)

    module.display = shown


_WAITS: dict[str, Callable[[Any], None]] = {
    "matplotlib.backend_bases": _matplotlib,
    "IPython.core.display_functions": _ipython,
}


class _Finder:
    """Finds nothing itself: lets the others find the module, and stands around its loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _WAITS:
            return None
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, _WAITS[fullname])  # type: ignore[assignment]  # as one
                return spec
        return None


class _Loader:
    """Runs the module's own loader, and puts our function in right after."""

    def __init__(self, inner: Loader, change: Callable[[Any], None]) -> None:
        self._inner = inner
        self._change = change

    def __getattr__(self, name: str) -> object:  # get_data, get_source ...: as if we were not here
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        module.__loader__ = self._inner
        self._inner.exec_module(module)
        try:
            self._change(module)
        except AttributeError:
            pass  # another version of theirs: it shows what it shows
