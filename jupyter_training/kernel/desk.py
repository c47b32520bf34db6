"""What the verbs of ``%train`` work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.meant import Meant
from jupyter_training.kernel.notebook import notebook_of
from jupyter_training.kernel.screen import Screen
from jupyter_training.kernel.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Desk"]


@dataclass(frozen=True)
class Desk:
    """This kernel's session, where outputs go, and the shell that the line was typed in."""

    session: Session
    screen: Screen
    shell: InteractiveShell

    def job(self, parsed: Parsed) -> dict[str, Any]:
        """The job of the first operand; without one the last job."""
        text = parsed.operands[0] if parsed.operands else "last"
        return self.session.job(text, notebook=notebook_of(self.shell), names=self.shell.user_ns)

    def search(self, parsed: Parsed) -> dict[str, Any]:
        """The search of the first operand; without one the newest."""
        return self.search_of(parsed.operands[0] if parsed.operands else "last")

    def search_of(self, text: str) -> dict[str, Any]:
        return self.session.search(text, notebook=notebook_of(self.shell), names=self.shell.user_ns)

    def jobs(self, parsed: Parsed, *, meant: Meant) -> list[dict[str, Any]]:
        """The jobs of all operands, each once; without one the last job."""
        found: dict[str, dict[str, Any]] = {}
        for text in parsed.operands or ("last",):
            found.update((job["id"], job) for job in self.jobs_of(text, meant=meant))
        return list(found.values())

    def jobs_of(self, text: str, *, meant: Meant) -> list[dict[str, Any]]:
        return self.session.jobs(text, notebook=notebook_of(self.shell), names=self.shell.user_ns, meant=meant)
