"""A server without JupyterLab: on a socket of its own, for one account, gone when nobody needs it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.client import discover
from jupyter_training.client.http import HttpTransport
from jupyter_training.dispatch import ensure
from jupyter_training.errors import Forbidden, NotFound
from jupyter_training.settings import Settings
from tests.server.house import eventually, wish

pytestmark = pytest.mark.processes

START = 30.0  # seconds; the machine may be busy


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose dispatcher's lock is taken, so that none starts."""
    home = tmp_path / "home"
    home.mkdir()
    lock = ensure.take_lock(Settings(home=home))
    assert lock is not None
    yield home
    os.close(lock)


@contextlib.contextmanager
def headless(home: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "MLFLOW"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_training.server.serve", "--home", str(home), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**kept, "HOME": str(home.parent), "JUPYTER_TOKEN": "inherited"},
        cwd=home.parent,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def note_of(home: Path) -> dict[str, object]:
    """The note of the home's server, once there is one."""
    (path,) = eventually(lambda: list((home / "run").glob("server-*.json")), within=START, what="the server is up")
    found: dict[str, object] = json.loads(path.read_text())
    return found


def test_it_serves_its_account_alone_and_leaves_in_order(home: Path) -> None:
    with headless(home) as process:
        note = note_of(home)
        socket = Path(str(note["socket"]))
        (file,) = (home / "run").glob("server-*.json")

        assert (process.pid, str(home), None) == (note["pid"], note["home"], note["url"])
        assert [0o600, 0o600] == [stat.S_IMODE(path.stat().st_mode) for path in (socket, file)]
        assert 0o700 == stat.S_IMODE(socket.parent.stat().st_mode)
        assert "inherited" != note["token"]

        found = discover.home_server(Settings(home=home))
        assert found is not None
        assert note["store"] == found.store
        made = found.transport.request("POST", "jobs", body=wish(name="quiet"))
        assert (201, "quiet") == (made.status, made.json["job"]["name"])
        with pytest.raises(NotFound):
            HttpTransport("http://localhost/api/", socket_path=str(socket), token=str(note["token"])).request(
                "GET", "x"
            )
        with pytest.raises(Forbidden):
            HttpTransport(socket_path=str(socket), token="guess").request("GET", "info")
        found.transport.close()

        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(START)
        assert [] == [path.name for path in (home / "run").iterdir() if path.name.startswith("server")]
        assert not list(home.parent.glob("**/jpserver-*.json"))


def test_a_second_one_says_that_there_is_one_already(home: Path) -> None:
    with headless(home) as first:
        note_of(home)
        with headless(home) as second:
            said, _ = second.communicate(timeout=START)
        assert (2, True) == (second.returncode, "up already" in said)
        assert first.poll() is None


def test_it_leaves_when_nobody_has_asked_for_long(home: Path) -> None:
    with headless(home, "--idle-exit", "0.8") as process:
        assert 0 == process.wait(START)
    assert [] == list((home / "run").glob("server*"))


def test_a_killed_one_misleads_nobody_and_is_swept_away(home: Path) -> None:
    with headless(home) as first:
        note_of(home)
        first.kill()
        first.wait()
    assert 1 == len(list((home / "run").glob("server-*.json")))
    assert discover.home_server(Settings(home=home)) is None
    with headless(home) as second:
        eventually(lambda: discover.home_server(Settings(home=home)) is not None, within=START)
        assert second.pid == note_of(home)["pid"]


def test_a_home_with_a_very_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / ("long-" * 20) / "home"
    home.mkdir(parents=True)
    lock = ensure.take_lock(Settings(home=home))
    assert lock is not None
    try:
        with headless(home) as process:
            socket = Path(str(note_of(home)["socket"]))
            assert home not in socket.parents
            assert (0o600, 0o700) == tuple(stat.S_IMODE(path.stat().st_mode) for path in (socket, socket.parent))
            found = discover.home_server(Settings(home=home))
            assert found is not None
            found.transport.close()
            process.terminate()
            assert 0 == process.wait(START)
            assert not socket.exists()
    finally:
        os.close(lock)


def test_a_home_that_can_not_be_used_is_a_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("local_slot = 3\n")
    with headless(home) as process:
        said, _ = process.communicate(timeout=START)
    assert 2 == process.returncode
    assert "Did you mean 'local_slots'?" in said
    assert "Traceback" not in said
