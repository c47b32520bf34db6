"""Builders: attempt folders as a backend would write them, and what became of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_training import runtime, supervisor
from jupyter_training.runtime import archive
from jupyter_training.spool import layout, tail

__all__ = ["Attempt", "attempt_in", "until"]

_DEADLINE = 30.0


def until(condition: Callable[[], Any], *, what: str = "") -> Any:
    """Wait for a condition to hold, and give what it gave."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"not within {_DEADLINE:.0f} s: {what or condition}")


def attempt_in(
    home: Path,
    code: str,
    *,
    kind: str = "script",
    name: str = "train.py",
    job: str = "job",
    number: int = 1,
    function: str | None = None,
    shown_as: str | None = None,
    args: tuple[str, ...] = (),
    params: dict[str, Any] | None = None,
    files: dict[str, str] | None = None,
    **order: Any,
) -> Attempt:
    """An attempt that stands ready to be started, below ``home``."""
    library = archive.install(home)
    folder = home / "spool" / job / str(number)
    code_folder = folder / "code"
    work = home / "work"
    work.mkdir(exist_ok=True)
    for path, text in {name: code, **(files or {})}.items():
        target = code_folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    record = {
        "version": layout.VERSION,
        "job": job,
        "attempt": number,
        "token": "token",
        "store": "store",
        "argv": runtime.command(sys.executable, str(library), str(folder)),
        "folder": str(work),
        "env": {"PATH": os.environ["PATH"], "HOME": str(home)},
        "code": str(code_folder),
        "entry": {"kind": kind, "path": name, "function": function, "args": list(args), "shown_as": shown_as},
        "params": params or {},
        "output": str(home / "outputs" / job),
        "grace": 10.0,
        "stop_within": 10.0,
        "sample_every": 5.0,
        "log_cap_bytes": 2**30,
        "log_head_bytes": 2**26,
        **order,
    }
    layout.write_json(layout.order_file(folder), record)
    return Attempt(folder, library, record)


@dataclass
class Attempt:
    folder: Path
    library: Path
    order: dict[str, Any]
    supervisors: list[subprocess.Popen[bytes]] = field(default_factory=list)

    # -- without a supervisor --------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.order["env"],
            "JUPYTER_TRAINING_JOB": self.order["job"],
            "JUPYTER_TRAINING_ATTEMPT": str(self.order["attempt"]),
            "JUPYTER_TRAINING_SPOOL": str(self.folder),
            "JUPYTER_TRAINING_OUTPUT": self.order["output"],
        }

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """The code in its interpreter, to its end."""
        return subprocess.run(
            self.order["argv"],
            env={**self.environment, **variables},
            cwd=self.order["folder"],
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
        )

    def begin(self) -> subprocess.Popen[str]:
        """The code in its interpreter, running."""
        return subprocess.Popen(
            self.order["argv"],
            env=self.environment,
            cwd=self.order["folder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    # -- with one --------------------------------------------------------------------------------------------------

    def supervise(self, *, adopt: bool = False, through: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """A supervisor as a backend starts it. ``through``: words of a program that becomes it."""
        words = [*through, *supervisor.command(sys.executable, str(self.library), str(self.folder), adopt=adopt)]
        with open(self.folder / "supervisor.log", "ab") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={}, start_new_session=True
            )
        self.supervisors.append(process)
        return process

    def finish(self, *, adopt: bool = False) -> dict[str, Any]:
        """Supervised to its end; its exit record."""
        process = self.supervise(adopt=adopt)
        assert process.wait(_DEADLINE) == 0, (self.folder / "supervisor.log").read_text()
        return self.exit

    def stop(self, how: str, *, grace: float = 10.0) -> None:
        layout.write_json(layout.stop_file(self.folder), {"how": how, "grace": grace, "time": time.time()})

    def kill_all(self) -> None:
        """Leave nothing behind, whatever a test has done."""
        for process in self.supervisors:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.record("process.json") is not None and not (self.folder / "exit.json").exists():
            self.stop("kill")
            self.supervise(adopt=True).wait(_DEADLINE)

    # -- what it left ----------------------------------------------------------------------------------------------

    def record(self, name: str) -> dict[str, Any] | None:
        return layout.read_json(self.folder / name)

    @property
    def exit(self) -> dict[str, Any]:
        record = self.record("exit.json")
        assert record is not None, "there is no exit record"
        return record

    @property
    def end(self) -> dict[str, Any]:
        record = self.record("end.json")
        assert record is not None, "there is no end record"
        return record

    @property
    def pid(self) -> int:
        """The person's process, once it is on record."""
        return int(until(lambda: self.record("process.json"), what="process.json")["pid"])

    @property
    def log(self) -> str:
        try:
            return (self.folder / "log").read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def wait_for_line(self, line: str) -> None:
        until(lambda: line in self.log.splitlines(), what=f"{line!r} in the log")

    def events(self, *kinds: str) -> list[list[Any]]:
        """Every event of the given kinds, without its time."""
        found = []
        for page in tail.pages(self.folder):
            offset = 0
            while True:
                events, end, faults = tail.read(page, offset)
                assert faults == 0
                found += [[event[0], *event[2:]] for event in events if event[0] in kinds]
                if end == offset:
                    break
                offset = end
        return found

    def points(self) -> list[tuple[int | None, dict[str, float | None]]]:
        return [(event[1], event[2]) for event in self.events("p")]


def read_json_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]
