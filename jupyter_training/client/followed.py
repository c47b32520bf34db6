"""What the handles of a job and of a search have in common: they ask the server anew whenever they are looked at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import TrainingError

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["Followed"]


class Followed(ABC):
    """Something that the server has a view of, also once it has ended: it may be retried, extended or put away."""

    def __init__(self, client: Client, view: dict[str, Any]) -> None:
        self._client = client
        self._view = view

    def __repr__(self) -> str:
        try:
            view = self.view
        except TrainingError:  # a repr never fails; it shows what was known last
            view = self._view
        return f"<{self._in_words(view)}>"

    @property
    def id(self) -> str:
        return str(self._view["id"])

    @property
    def name(self) -> str:
        return str(self._view["name"])

    @property
    def store(self) -> str:
        """The id of the store that has it."""
        return str(self._view["store"])

    @property
    def view(self) -> dict[str, Any]:
        """Everything that is known of it now: of a job a ``JobView``, of a search an ``ExperimentView``."""
        self._view = self._asked()
        return self._view

    @property
    def state(self) -> str:
        return str(self.view["state"])

    @property
    def phase(self) -> str:
        return str(self.view["phase"])

    @property
    def sentence(self) -> str:
        """The state, the wait or the end in words."""
        return str(self.view["sentence"])

    @property
    def run_id(self) -> str | None:
        """Its run in MLflow, once it is there; that of a search is the parent of its trials' runs."""
        if self._view["run_id"] is None:
            self._view = self._asked()
        found = self._view["run_id"]
        return None if found is None else str(found)

    @abstractmethod
    def _asked(self) -> dict[str, Any]:
        """The view, from the server."""

    @abstractmethod
    def _in_words(self, view: dict[str, Any]) -> str:
        """How it stands, for its repr."""
