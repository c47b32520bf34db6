"""What a card is about: one job, or one search. Who draws cards and who waits treats both alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_training.errors import JobFailed
from jupyter_training.kernel import beside, card, search_card, tell
from jupyter_training.kernel.failure import failed
from jupyter_training.kernel.search_words import is_search, sentence_text
from jupyter_training.kernel.wording import plain, short

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["Subject", "subject_of"]

View = Mapping[str, Any]


class Subject(Protocol):
    """How a kind of thing is looked at, drawn and waited for. ``failure``: with the words of what went wrong."""

    def look(self, client: Client, last: View, *, wait: float | None) -> dict[str, Any]:
        """How it stands now; ``wait``: for so many seconds until it differs from ``last``, where that can be."""
        ...

    def is_news(self, view: View, last: View) -> bool: ...

    def bundle(self, client: Client, view: View, *, failure: bool) -> dict[str, Any]: ...

    def wait(
        self, client: Client, view: View, *, timeout: float | None, on_change: Callable[[dict[str, Any]], object]
    ) -> dict[str, Any]: ...

    def failed(self, client: Client, view: View, *, on_card: bool) -> JobFailed: ...

    def rests(self, view: View) -> str:
        """That it is paused while it is waited for, and what lets it go on."""
        ...


def subject_of(view: View) -> Subject:
    return _SEARCH if is_search(view) else _JOB


class _Job:
    def look(self, client: Client, last: View, *, wait: float | None) -> dict[str, Any]:
        return client.job(last["id"], after=last["version"], wait=wait)

    def is_news(self, view: View, last: View) -> bool:
        return bool(view["version"] > last["version"])

    def bundle(self, client: Client, view: View, *, failure: bool) -> dict[str, Any]:
        if plain():
            return card.bundle(view)
        return card.bundle(view, *beside.pictures(client, view, failure=failure))

    def wait(
        self, client: Client, view: View, *, timeout: float | None, on_change: Callable[[dict[str, Any]], object]
    ) -> dict[str, Any]:
        return client.wait(view["id"], timeout=timeout, on_change=on_change)

    def failed(self, client: Client, view: View, *, on_card: bool) -> JobFailed:
        return failed(view, beside.log_end(client, view), on_card=on_card)

    def rests(self, view: View) -> str:
        return tell.rests(view)


class _Search:
    def look(self, client: Client, last: View, *, wait: float | None) -> dict[str, Any]:
        return client.experiment(last["id"])

    def is_news(self, view: View, last: View) -> bool:
        return view != last  # its trials change without it

    def bundle(self, client: Client, view: View, *, failure: bool) -> dict[str, Any]:
        return search_card.bundle(view, () if plain() else search_card.trials_of(client, view), error=failure)

    def wait(
        self, client: Client, view: View, *, timeout: float | None, on_change: Callable[[dict[str, Any]], object]
    ) -> dict[str, Any]:
        return client.wait_for_experiment(view["id"], timeout=timeout, on_change=on_change)

    def failed(self, client: Client, view: View, *, on_card: bool) -> JobFailed:
        verb = "was stopped" if view["state"] == "canceled" else "failed"
        hint = None if plain() else f"Its trials: %train experiment trials {short(view['id'])}"
        said = sentence_text(view) or "see its trials."
        error = JobFailed(f"{view['name']} {verb}: {said}", job=view, log=view["error"] or "", hint=hint)
        if on_card and hint is not None:
            lines = [f"JobFailed: {error.detail}", f"More is on its card. {hint}"]
            error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        return error

    def rests(self, view: View) -> str:
        name = "NAME" if plain() else short(view["id"])
        said = sentence_text(view).removesuffix(".")
        where = f" ({said})" if said and not plain() else ""
        how = f"%train experiment activate {name}"
        return f"{view['name']} is paused{where}. The waiting goes on; {how} elsewhere ends the pause."


_JOB: Subject = _Job()
_SEARCH: Subject = _Search()
