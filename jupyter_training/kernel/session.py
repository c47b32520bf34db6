"""This kernel's side of the conversation: one client, found at first use, and how jobs are named in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import InvalidUsage, UnknownJob
from jupyter_training.kernel.configs import Configs
from jupyter_training.kernel.drawer import Drawer
from jupyter_training.kernel.line import as_in_code
from jupyter_training.kernel.notebook import is_jupyter_page
from jupyter_training.kernel.offers import Known

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_training.client.client import Client
    from jupyter_training.kernel.meant import Meant

__all__ = ["Session", "held"]

_PATTERN = "*?["
_PAGE = 500
_OFFERED = 50  # jobs that completion knows


class Session:
    """One per kernel. Thread-safe, as its client is."""

    def __init__(self, client: Client | None = None) -> None:
        self.configs = Configs()
        self.drawer = Drawer()
        self._client = client
        self._lock = threading.Lock()
        self._searchers: tuple[str, ...] | None = None  # which don't change while a server runs

    @property
    def client(self) -> Client:
        with self._lock:
            if self._client is None:
                from jupyter_training.client.client import Client

                self._client = Client()
            return self._client

    def is_drawn_by_page(self, shell: InteractiveShell) -> bool:
        """Whether the page that sent this cell draws cards itself: its server is the one that trains, so that ours is
        what its labextension speaks to."""
        return is_jupyter_page(shell) and self.client.is_own_server

    def close(self) -> None:
        self.drawer.stop()
        if self._client is not None:
            self._client.close()

    def job(self, text: str, *, notebook: str | None, names: Mapping[str, Any]) -> dict[str, Any]:
        """The job that a word means: an id or its start, a name, ``last``, or ``@variable`` with a handle.

        Raises:
            UnknownJob, AmbiguousJob: with the near miss or the candidates.
            InvalidUsage: the variable holds no handle, or the word is a pattern, which may fit several.
        """
        if any(sign in text for sign in _PATTERN):
            raise InvalidUsage(
                f"{text!r} is a pattern, and one job is wanted here.", hint="See which there are: %train list."
            )
        if text.startswith("@"):
            return self.client.job(held(text[1:], names))
        try:
            return self.client.find(text, notebook=notebook)
        except UnknownJob as error:
            if isinstance(getattr(names.get(text), "id", None), str):
                error.hint = f"The variable is meant by @{text}."
            raise

    def search(self, text: str, *, notebook: str | None, names: Mapping[str, Any]) -> dict[str, Any]:
        """The search that a word means: an id or its start, a name, ``last``, or ``@variable`` with a handle.

        Raises:
            UnknownExperiment: it means a job of its own, or nothing.
            UnknownJob, AmbiguousJob: with the near miss or the candidates.
            InvalidUsage: the variable holds no handle.
        """
        if text.startswith("@"):
            return self.client.find_experiment(held(text[1:], names))
        return self.client.find_experiment(text, notebook=notebook)

    def jobs(self, text: str, *, notebook: str | None, names: Mapping[str, Any], meant: Meant) -> list[dict[str, Any]]:
        """The jobs that one word means; ``meant`` says what a pattern stands for.

        Raises:
            UnknownJob: a word or pattern that fits nothing.
        """
        if not any(sign in text for sign in _PATTERN):
            return [self.job(text, notebook=notebook, names=names)]
        here = notebook if meant.here else None
        states = None if meant.newest else sorted(meant.states)
        archived = (False, True) if meant.archived is None else (meant.archived,)
        known: Iterable[dict[str, Any]] = chain.from_iterable(
            self._all(state=states, notebook=here, archived=one) for one in archived
        )
        if meant.newest:
            newest: dict[str, dict[str, Any]] = {}
            for job in known:
                newest.setdefault(job["name"], job)
            known = [job for job in newest.values() if job["state"] in meant.states]
        fitting = [job for job in known if fnmatchcase(job["name"], text)]
        if not fitting:
            raise UnknownJob(f"No {meant.kind} has a name that fits {text!r}.", hint="See %train list.")
        return fitting

    def known(self) -> Known:
        """What completion may offer. Nothing before a server was needed: a look may start one."""
        if self._client is None:
            return Known()
        jobs = (self._client.jobs(limit=_OFFERED, archived=archived)["jobs"] for archived in (False, True))
        if self._searchers is None:
            usable = (one["name"] for one in self._client.searchers() if one["status"] in ("installed", "alias"))
            self._searchers = tuple(usable)
        searches = tuple(self._client.experiments(limit=_OFFERED)["experiments"])
        return Known(tuple(next(jobs)), tuple(self._client.pools()), tuple(next(jobs)), searches, self._searchers)

    def steps(self, job: str) -> list[int]:
        """The steps of a job's good checkpoints, the newest first; none before a server was needed."""
        if self._client is None:
            return []
        found = self._client.checkpoints(job)["checkpoints"]
        return list(dict.fromkeys(one["step"] for one in found if one["state"] == "kept"))

    def _all(self, *, state: Sequence[str] | None, notebook: str | None, archived: bool) -> Iterator[dict[str, Any]]:
        """Every job in these states, the newest first."""
        after: str | None = None
        while True:
            page = self.client.jobs(state=state, notebook=notebook, archived=archived, after=after, limit=_PAGE)
            yield from page["jobs"]
            after = page["next"]
            if after is None:
                return


def held(variable: str, names: Mapping[str, Any]) -> str:
    """The id of the job whose handle a variable holds.

    Raises:
        InvalidUsage: it holds none.
    """
    variable = as_in_code(variable)
    value = names.get(variable)
    found = getattr(value, "id", None)
    if not isinstance(found, str):
        what = f"holds a {type(value).__name__}, not a handle" if variable in names else "is not defined"
        raise InvalidUsage(f"@{variable}: the variable {what}.", hint="A handle comes from -o VAR or %train attach.")
    return found
