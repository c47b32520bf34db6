"""What a program that uses the client goes through: functions that run elsewhere, servers that die meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.client.client import Client
from jupyter_training.settings import Settings
from tests.client.places import fresh_home
from tests.kernel.living import variables
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with fresh_home() as found:
        yield found


def run_program(home: Path, folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a person would, in its folder."""
    (folder / "program.py").write_text(source, "utf-8")
    environment = variables(home, PYTHONWARNINGS="error::ResourceWarning")
    return subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )


def test_a_script_submits_its_own_function_and_gets_its_curve(home: Path, tmp_path: Path) -> None:
    """No server runs: one is started; the function stands in ``__main__`` and brings what it needs."""
    (tmp_path / "beside.py").write_text("FACTOR = 3\n")
    done = run_program(
        home,
        tmp_path,
        "import math\nimport beside\nfrom jupyter_training import Client, report\n\nSCALE = [1, 2]\n\n\n"
        "def half(x):\n    return x / SCALE[1]\n\n\n"
        "def train(lr, steps=2):\n    for step in range(steps):\n"
        "        report(step=step, loss=half(lr) * beside.FACTOR + math.floor(0.5))\n    return {'final': 1}\n\n\n"
        "if __name__ == '__main__':\n"
        "    job = Client().submit(train, 4, steps=3, name='from-main', wait=True)\n"
        "    print(job.state, job.params, dict(sorted(job.metrics().items())))\n",
    )
    assert "" == done.stderr
    expected = "succeeded {'lr': 4, 'steps': 3} {'final': [(0, 1.0)], 'loss': [(0, 6.0), (1, 6.0), (2, 6.0)]}\n"
    assert expected == done.stdout


def test_a_failure_is_raised_with_the_traceback_at_the_functions_own_line(home: Path, tmp_path: Path) -> None:
    done = run_program(
        home,
        tmp_path,
        "from jupyter_training import Client\n\n\ndef train(x):\n    y = x + 1\n    raise ValueError(f'no {y}')\n\n\n"
        "Client().submit(train, 1, wait=True)\n",
    )
    assert 1 == done.returncode
    assert f'File "{tmp_path}/program.py", line 6, in train' in done.stderr
    assert "ValueError: no 2" in done.stderr
    assert "JobFailed" in done.stderr


def test_a_function_of_a_package_runs_with_its_relative_imports(home: Path, tmp_path: Path) -> None:
    package = tmp_path / "shop" / "deep"
    package.mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("from .parts import width\n")
    (package / "parts.py").write_text("width = 7\n")
    (package / "types.py").write_text("this_name_is_the_standard_librarys = True\n")
    (package / "train.py").write_text("from . import width, types\ndef train(n):\n    return {'w': width * n}\n")
    done = run_program(
        home,
        tmp_path,
        "from jupyter_training import Client\nfrom shop.deep.train import train\n"
        "print(Client().submit(train, n=2, wait=True).metrics())\n",
    )
    assert ("{'w': [(0, 14.0)]}\n", "") == (done.stdout, done.stderr)


def test_the_code_that_was_submitted_runs_whatever_its_file_says_later(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import model\nprint(model.answer)\n")
    (tmp_path / "model.py").write_text("answer = 'then'\n")
    with Client(settings=Settings.load(home)) as client:
        job = client.submit(script)
        script.write_text("raise SystemExit(3)\n")
        (tmp_path / "model.py").write_text("answer = 'now'\n")
        assert "then\n" == job.wait(60, check=True).logs()


def test_waiting_outlives_the_server(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is killed while somebody waits; another one is started, the training never noticed."""
    for name in ("JPY_PARENT_PID", "JUPYTER_SERVER_URL", "JUPYTER_TRAINING_URL"):
        monkeypatch.delenv(name, raising=False)
    gate = tmp_path / "gate"
    script = tmp_path / "train.py"
    script.write_text(
        f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.02)\nprint('end')\n"
    )
    with Client(settings=Settings.load(home)) as client:
        job = client.submit(script)
        seen, ended = threading.Event(), threading.Event()
        waiter = threading.Thread(
            target=lambda: (client.wait(job.id, on_change=lambda _: seen.set()), ended.set(), client.close())
        )
        waiter.start()
        assert seen.wait(30)
        before = servers(home)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not before & servers(home), within=10, what="the server is gone")
        gate.touch()
        assert ended.wait(60)
        waiter.join(10)
        assert ("succeeded", "end\n") == (job.state, job.logs())
        assert servers(home)
        assert before.isdisjoint(servers(home))


def servers(home: Path) -> set[int]:
    """Pids of the home's servers that live."""
    found = set()
    for note in (home / "run").glob("server-*.json"):
        pid = int(note.stem.partition("-")[2])
        with contextlib.suppress(OSError, IndexError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state not in ("Z", "X"):
                found.add(pid)
    return found
