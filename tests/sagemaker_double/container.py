"""A container, as far as one can be had without Docker: a real /opt/ml, a first process with the number 1, its own host
name, and nothing of the tree or of the environment around it.

Where namespaces are refused, a folder stands for /opt/ml: the toolkit takes it from SAGEMAKER_BASE_DIR, and in the
command the words /opt/ml are replaced. Which of the two it is is found out once, and said.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ENVIRONMENT", "Container", "Plan", "isolation"]

ROOT = Path(__file__).parents[2]
ENVIRONMENT = (ROOT / ".venvs" / "container").resolve()
INSIDE = Path(__file__).with_name("inside.sh")

# What no container of the real service sees: the tree, and what others leave in the temporary folder.
HIDDEN = list(dict.fromkeys(["/tmp", tempfile.gettempdir(), str(ROOT)]))


@functools.cache
def isolation() -> str:
    """Empty where containers have namespaces of their own, else why not."""
    if os.environ.get("DOUBLE_NAMESPACES") == "no":
        return "DOUBLE_NAMESPACES is no"
    with tempfile.TemporaryDirectory() as folder:
        hosts = Path(folder, "hosts")
        hosts.write_text("127.0.0.1 localhost\n")
        plan = Plan(["sh", "-c", "test $$ = 1 && test -d /opt/ml"], {}, Path(folder), "algo-1", hosts)
        tried = subprocess.run(
            plan.isolated(), env=plan.variables(isolated=True), capture_output=True, text=True, check=False
        )
    return "" if tried.returncode == 0 else tried.stderr.strip() or f"the trial ended with {tried.returncode}"


@dataclass(frozen=True)
class Plan:
    """What to run, and in what surroundings."""

    command: list[str]
    environment: Mapping[str, str]
    ml: Path  # becomes /opt/ml
    name: str  # of the host
    hosts: Path  # becomes /etc/hosts
    offline: bool = False

    def isolated(self) -> list[str]:
        """The command line with namespaces of its own."""
        spaces = ["--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.geteuid() != 0:
            spaces += ["--user", "--map-root-user"]
        if self.offline:
            spaces.append("--net")
        # Containers end with the host, even when it is killed.
        tied = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        told = [str(self.ml), str(self.hosts), self.name, str(ENVIRONMENT), ":".join(HIDDEN)]
        inside = ["sh", str(INSIDE), *told, "yes" if self.offline else "no"]
        return [*tied, "unshare", *spaces, "--", *inside, *self.command]

    def variables(self, *, isolated: bool) -> dict[str, str]:
        """The container's environment: nothing of the host's."""
        found = {
            "PATH": f"{ENVIRONMENT / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/tmp/home" if isolated else str(self.ml.parent),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            **self.environment,
        }
        if isolated:
            return found
        site = str(self.ml.parent / "site")
        return {
            **found,
            "SAGEMAKER_BASE_DIR": str(self.ml),
            "SM_STUDIO_LOCAL_MODE": "true",
            "PIP_TARGET": site,
            "PYTHONPATH": os.pathsep.join(filter(None, [site, found.get("PYTHONPATH")])),
        }


class Container:
    """One that runs, or has run."""

    def __init__(self, plan: Plan, *, said: Callable[[str], None], over: Callable[[], None]) -> None:
        """Start it. Each line goes to `said`; `over` is called once, when it has ended and all is read."""
        self.isolated = isolation() == ""
        command = plan.isolated() if self.isolated else _with_folder(plan)
        self._said, self._over = said, over
        self.code: int | None = None
        self._process = subprocess.Popen(
            command,
            env=plan.variables(isolated=self.isolated),
            cwd="/" if self.isolated else plan.ml,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, daemon=True).start()

    def terminate(self) -> None:
        """SIGTERM to its first process, as `docker stop` does; the kernel keeps it from one that has no handler."""
        if self.isolated:
            first = self._first()
            if first is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(first, signal.SIGTERM)
        else:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def kill(self) -> None:
        """End it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _first(self) -> int | None:
        """The number that its first process has outside."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        end = time.monotonic() + 2
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError):
                found = children.read_text().split()
                if found:
                    return int(found[0])
            time.sleep(0.01)
        return None

    def _wait(self) -> None:
        code = self._process.wait()
        if not self.isolated:
            self.kill()  # what it started; a namespace ends with its first process
        self._reader.join(5)
        if not self._reader.is_alive():
            assert self._process.stdout is not None
            self._process.stdout.close()
        self.code = code if code >= 0 else 128 - code
        self._over()

    def _read(self) -> None:
        assert self._process.stdout is not None
        left = b""
        while chunk := self._process.stdout.read1(65536):
            *lines, left = (left + chunk).split(b"\n")
            for line in lines:
                self._said(line.decode("utf-8", "replace"))
            if len(left) > 16384:
                self._said(left.decode("utf-8", "replace"))
                left = b""
        if left:
            self._said(left.decode("utf-8", "replace"))


def _with_folder(plan: Plan) -> list[str]:
    return [word.replace("/opt/ml", str(plan.ml)) for word in plan.command]
