"""Every backend keeps to the contract of its seam: this machine's, the scripted one of the tests, and SageMaker's."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from jupyter_training.backends.local import LocalBackend
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import BundleFile, EnvironmentWish
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.resources import Allocation
from jupyter_training.seams.backend import AttemptRef, Backend, End, LaunchOrder
from jupyter_training.seams.clock import SystemClock
from jupyter_training.settings import Settings
from jupyter_training.testing.backend_contract import BackendContract, BackendHome, Kind
from jupyter_training.testing.builders import a_spec
from jupyter_training.testing.clock import VirtualClock
from jupyter_training.testing.scripted_backend import Script, ScriptedBackend
from tests.backends.sagemaker.stand import QUICK, Stand, stand

__all__ = ["stand"]

CODES = {
    "completes": "print('done')\n",
    "fails": "raise SystemExit(3)\n",
    "waits": "import time\nprint('ready', flush=True)\ntime.sleep(100)\n",
    "impossible": "",
}


def an_order(number: int, content: str, *, kind: Kind) -> LaunchOrder:
    job = JobId(f"{'abcdefghijklmnop'[number % 16]}contract{'abcdefghijklmnop'[number // 16]}")
    ref = AttemptRef(job, 1, f"token{number}", None)
    file = BundleFile(path="train.py", sha256=sha256(content.encode()).hexdigest(), size=len(content))
    python = sys.executable if kind != "impossible" else "/nowhere/python"
    spec = a_spec(kind, files=(file,), environment=EnvironmentWish(python=python))
    return LaunchOrder(ref, spec, Allocation("local", 1), "store", f"key{number}")


class ScriptedHome:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.made = 0
        self.scripted = ScriptedBackend(self.clock, lambda order: self.scripts[order.ref.job])
        self.backend: Backend = self.scripted
        self.scripts: dict[JobId, Script] = {}

    def succeed(self) -> Backend:
        return self.backend

    def order(self, kind: Kind) -> LaunchOrder:
        self.made += 1
        order = an_order(self.made, kind, kind=kind)
        ends = {
            "completes": End(EndReason.COMPLETED, exit_code=0),
            "fails": End(EndReason.ERROR, exit_code=3),
            "impossible": End(EndReason.LAUNCH_FAILED, "Could not start: it is impossible."),
        }
        runs = 1e9 if kind == "waits" else 2.0
        self.scripts[order.ref.job] = Script(
            runs=runs, starts_after=1.0, obeys_after=2.0, ends=ends.get(kind, End(EndReason.LOST))
        )
        return order

    def wait(self) -> None:
        self.clock.advance(0.5)

    def begun(self, ref: AttemptRef) -> int:
        return self.scripted.launches.get((ref.job, ref.number), 0)

    def cut_off(self) -> bool:
        for run in self.scripted._runs.values():
            run.script = dataclasses.replace(run.script, silent=((0.0, 1e9),))
        return True


class TestScripted(BackendContract):
    def home(self) -> BackendHome:
        return ScriptedHome()


class LocalHome:
    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.made = 0
        self.local: list[LocalBackend] = []
        self.refs: list[AttemptRef] = []
        self.backend = self.succeed()

    def succeed(self) -> Backend:
        self.local.append(LocalBackend(self.settings, SystemClock()))
        self.backend: Backend = self.local[-1]
        return self.backend

    def order(self, kind: Kind) -> LaunchOrder:
        self.made += 1
        mark = self.settings.home / f"begun-{self.made}"
        content = f"open({str(mark)!r}, 'a').write('x')\n{CODES[kind]}"
        order = an_order(self.made, content, kind=kind)
        self.settings.blobs.mkdir(parents=True, exist_ok=True)
        (self.settings.blobs / order.spec.files[0].sha256).write_text(content)
        self.refs.append(order.ref)
        return order

    def wait(self) -> None:
        time.sleep(0.01)

    def begun(self, ref: AttemptRef) -> int:
        number = int(ref.token.removeprefix("token"))
        mark = self.settings.home / f"begun-{number}"
        return len(mark.read_text()) if mark.exists() else 0

    def cut_off(self) -> bool:
        return False


@pytest.mark.processes
class TestLocal(BackendContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[BackendHome]:
        made = LocalHome(tmp_path / "home")
        yield made
        for ref in made.refs:
            made.backend.stop(ref, "kill", 0.0)
        for backend in made.local:
            backend._supervisors.wait(30)


class SagemakerHome:
    def __init__(self, stand: Stand) -> None:
        self.stand = stand

    @property
    def backend(self) -> Backend:
        return self.stand.backend

    def succeed(self) -> Backend:
        return self.stand.succeed()

    def order(self, kind: Kind) -> LaunchOrder:
        order = self.stand.order(CODES[kind], name=kind)
        if kind == "impossible":
            (self.stand.settings.blobs / order.spec.files[0].sha256).unlink()
        return order

    def wait(self) -> None:
        time.sleep(0.05)

    def begun(self, ref: AttemptRef) -> int:
        made = self.stand.double.calls("CreateTrainingJob")
        return sum(1 for call in made if str(ref.job)[:8] in call["about"] and call["outcome"].endswith("200"))

    def cut_off(self) -> bool:
        self.stand.double.fail("*", "error", times=100_000)
        return True


@pytest.mark.slow  # each attempt is a container, and AWS is asked twice a second at most
@pytest.mark.processes
class TestSagemaker(BackendContract):
    patience = 60.0

    @pytest.fixture
    def place(self, stand: Stand) -> BackendHome:
        stand.pace = dataclasses.replace(QUICK, silent=2.0, unlisted=2.0)
        stand.succeed()
        return SagemakerHome(stand)


def test_nobody_who_asks_for_the_backend_imports_boto3() -> None:
    """Not before there is something to do: a dispatcher of local jobs pays nothing."""
    code = (
        "import sys\n"
        "from jupyter_training.seams import registry\n"
        "from jupyter_training.seams.clock import SystemClock\n"
        "from jupyter_training.settings import Settings\n"
        "from pathlib import Path\n"
        "registry.load('backends', 'sagemaker')(Settings(home=Path('/nowhere')), SystemClock()).standings([])\n"
        "print('boto3' in sys.modules or 'botocore' in sys.modules)\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "False\n" == answer.stdout
