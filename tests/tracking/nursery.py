"""``python -m tests.tracking.nursery``: mirrors that cost a fork instead of an import of mlflow each.

Reads one JSON line per mirror from its input and answers with its pid. A mirror
may be told to kill itself right before or after one of the tracker's steps
acts: the tracker is wrapped here, the product knows nothing of it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_training.settings import Settings

__all__ = ["Nursery"]


class Nursery:
    """Used by tests; the process is this same module. Every mirror of it is gone when it closes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tracking.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._living: set[int] = set()

    def mirror(self, home: Path, *, dies: str | None = None, times: int = 1) -> int:
        """Start a mirror. With ``dies``, e.g. "after write", that step kills it, the ``times``-th time. Its pid."""
        pid = int(self._asked({"home": str(home), "dies": dies, "times": times}))
        self._living.add(pid)
        return pid

    def ended(self, pid: int) -> int:
        """Wait for a mirror's end; negative: the signal."""
        self._living.discard(pid)
        return int(self._asked({"wait": pid}))

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.ended(pid)

    def close(self) -> None:
        for pid in list(self._living):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.ended(pid)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def _asked(self, question: dict[str, Any]) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the nursery has ended"
        return answer


def lethal(step: Callable[..., Any], times: int, *, before: bool) -> Callable[..., Any]:
    """The step, until it has acted, or is asked to act, so many times."""
    left = times

    def call(*args: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        answer = None if before and left == 0 else step(*args, **named)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return call


def be_mirror(home: Path, dies: str | None, times: int) -> int:
    import mlflow

    from jupyter_training.store.engine import Store
    from jupyter_training.tracking import ensure
    from jupyter_training.tracking.copier import Copier
    from jupyter_training.tracking.handover import Handover
    from jupyter_training.tracking.mirror import Mirror
    from jupyter_training.tracking.mlflow_tracker import MlflowTracker

    settings = Settings.load(home)
    lock = ensure.take_lock(settings)
    if lock is None:
        return 0
    with Store.open(settings) as store:
        tracker = MlflowTracker(settings, store.store_id)
        if dies is not None:
            moment, step = dies.split()
            setattr(tracker, step, lethal(getattr(tracker, step), times, before=moment == "before"))
        handover = Handover(settings, mlflow.__version__)
        mirror = Mirror(settings, store, Copier(settings, store, tracker, handover.announce))
        signal.signal(signal.SIGTERM, lambda *_: mirror.leave())
        return 0 if mirror.run() else 3


def main() -> None:
    from jupyter_training.tracking import ensure

    ensure.quieten_mlflow(os.environ)
    import mlflow.store.tracking.dbmodels.models  # noqa: F401  # what the children shall have already
    import sqlalchemy.orm

    import jupyter_training.tracking.mlflow_tracker  # noqa: F401

    sqlalchemy.orm.configure_mappers()

    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            home = Path(question["home"])
            (home / "logs").mkdir(exist_ok=True)
            log = os.open(home / "logs" / "mirror.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 2)
            os.dup2(log, 1)
            code = 1
            try:
                code = be_mirror(home, question["dies"], question["times"])
            except BaseException:
                logging.getLogger("nursery").exception("the mirror broke")
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
