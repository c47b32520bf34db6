"""Which server a client takes, and that a wrong one is an error that names both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.client import discover, headless
from jupyter_training.client.client import Client
from jupyter_training.client.http import HttpTransport
from jupyter_training.errors import Forbidden, ServerUnreachable, WrongStore
from jupyter_training.settings import Settings
from jupyter_training.spool import identity
from tests.client.places import fresh_home, jupyter
from tests.client.places import headless as headless_server
from tests.client.test_http import says, serving
from tests.kernel.living import variables

INFO = {"store": "the-store", "version": "1", "head": 0, "dispatcher": {"alive": False, "sentence": ""}, "tracking": ""}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that nothing serves, in an environment that names no server."""
    for name in list(os.environ):
        if name.startswith(("JUPYTER_", "JPY_", "JUPYTERHUB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    (tmp_path / "home" / "run").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an attempt to start a server end the test, in the way of an environment that has none."""
    monkeypatch.setattr(headless, "_command", lambda: ["/bin/false"])


def note(home: Path, transport: HttpTransport, *, store: str = "the-store", pid: int | None = None) -> None:
    """What a server of this home would have written; its process is this one, which lives."""
    own = identity.own()._asdict()
    found = {**own, "url": transport.url, "socket": None, "base_url": "/base/", "token": "secret", "store": store}
    (home / "run" / f"server-{pid or own['pid']}.json").write_text(json.dumps({**found, "pid": pid or own["pid"]}))


def jupyter_note(runtime: Path, transport: HttpTransport, *, pid: int) -> None:
    info = {"url": transport.url, "base_url": "/base/", "token": "secret", "pid": pid, "sock": ""}
    (runtime / f"jpserver-{pid}.json").write_text(json.dumps(info))


def test_what_is_given_explicitly_is_taken_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_URL", "http://127.0.0.1:9/")
    with serving(says(INFO)) as (_, transport):
        assert "the-store" == discover.find(url=transport.url, token="t").store


def test_the_environment_comes_before_the_kernels_own_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://127.0.0.1:9/")
    with serving(says(INFO)) as (server, transport):
        monkeypatch.setenv("JUPYTER_TRAINING_URL", str(transport.url))
        monkeypatch.setenv("JUPYTER_TRAINING_TOKEN", "from-environment")
        assert "JUPYTER_TRAINING_URL" in discover.find().how
    assert "token from-environment" == server.seen[0]["token"]


def test_a_kernel_takes_the_jupyter_server_that_started_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says(INFO)) as (server, own), serving(says({**INFO, "store": "another"})) as (_, other):
        jupyter_note(home.parent / "runtime", own, pid=4711)
        jupyter_note(home.parent / "runtime", other, pid=4712)
        monkeypatch.setenv("JPY_PARENT_PID", "4711")
        assert "the-store" == discover.find().store
    assert "token secret" == server.seen[0]["token"]


def test_a_terminal_takes_the_jupyter_server_that_its_variable_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(says(INFO)) as (server, own):
        jupyter_note(home.parent / "runtime", own, pid=4711)
        monkeypatch.setenv("JUPYTER_SERVER_URL", str(own.url))
        assert "the-store" == discover.find().store
    assert "token secret" == server.seen[0]["token"]


def test_a_kernel_without_a_jupyter_server_takes_one_of_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", "4711")  # nbclient, say
    with serving(says(INFO)) as (_, transport):
        note(home, transport)
        assert "a server of this home" == discover.find().how


def test_the_home_can_be_asked_for_in_place_of_the_kernels_own_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("JUPYTER_TRAINING_URL", "home")
    with serving(says(INFO)) as (_, transport):
        note(home, transport)
        assert "a server of this home" == discover.find().how


def test_a_server_without_the_extension_is_an_error_that_names_both(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(says({"message": "Not Found"}, status=404)) as (_, transport):
        jupyter_note(home.parent / "runtime", transport, pid=4711)
        monkeypatch.setenv("JPY_PARENT_PID", "4711")
        with pytest.raises(WrongStore) as caught:
            discover.find()
    assert str(transport.url) in caught.value.detail
    assert str(home) in caught.value.detail
    assert "JUPYTER_TRAINING_URL=home" in (caught.value.hint or "")


def test_another_store_than_expected_is_an_error_that_names_both(home: Path) -> None:
    with serving(says(INFO)) as (_, transport):
        with pytest.raises(WrongStore, match=r"the-store.*expected-store"):
            discover.find(url=transport.url, store="expected-store")
        note(home, transport, store="noted-store")
        with pytest.raises(WrongStore, match=r"the-store.*noted-store"):
            discover.find()


def test_what_answers_without_a_store_is_no_server_of_ours(home: Path) -> None:
    with serving(says(["hello"])) as (_, transport), pytest.raises(WrongStore, match="does not say which store"):
        discover.find(url=transport.url)


def test_a_wrong_token_is_said_and_nothing_else_is_tried(home: Path) -> None:
    with serving(says({"message": "Forbidden"}, status=403)) as (_, transport):
        note(home, transport)
        with pytest.raises(Forbidden, match="refuses"):
            discover.find()


def test_a_kernel_whose_server_knows_no_token_is_told_the_way_around(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(says({"message": "Forbidden"}, status=403)) as (_, transport):
        jupyter_note(home.parent / "runtime", transport, pid=4711)
        monkeypatch.setenv("JPY_PARENT_PID", "4711")
        with pytest.raises(Forbidden) as caught:
            discover.find()
    assert "JUPYTER_TRAINING_URL=home" in (caught.value.hint or "")


def test_the_kernels_own_server_that_does_not_answer_is_not_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://127.0.0.1:9/")
    with serving(says(INFO)) as (_, transport):
        note(home, transport)
        with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:9"):
            discover.find()


@pytest.mark.usefixtures("none_is_started")
def test_notes_of_servers_that_are_gone_mislead_nobody(home: Path) -> None:
    gone = '{"pid": 1, "start_time": 0, "boot_id": "", "url": "http://127.0.0.1:9/"}'
    for number, content in enumerate(["", "{", "[]", "{}", '{"pid": "x"}', gone]):
        (home / "run" / f"server-{number}.json").write_text(content)
    with pytest.raises(ServerUnreachable, match="could not be started: it ended with status 1"):
        discover.find()


def test_a_server_that_lives_and_is_deaf_is_passed_over_for_one_that_answers(home: Path) -> None:
    with serving(says(INFO)) as (_, transport):
        note(home, HttpTransport("http://127.0.0.1:9/"), pid=None)
        os.rename(home / "run" / f"server-{os.getpid()}.json", home / "run" / "server-deaf.json")
        note(home, transport)
        os.utime(home / "run" / f"server-{os.getpid()}.json", (1, 1))  # the deaf one is looked at first
        assert "the-store" == discover.find().store


def test_a_client_finds_a_server_again_that_has_moved(home: Path) -> None:
    with serving(says(INFO)) as (_, first):
        note(home, first)
        client = Client()
        assert "the-store" == client.info()["store"]
        client.close()
    with serving(says(INFO)) as (_, second):
        note(home, second)
        assert "the-store" == client.info()["store"]
        client.close()
    with serving(says({**INFO, "store": "another"})) as (_, third):
        note(home, third)
        with pytest.raises(WrongStore):
            client.info()
        client.close()


def test_a_folder_that_can_not_hold_a_server_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerUnreachable, match="none can be started there"):
        headless.started(Settings(home=tmp_path / "file"))


@pytest.fixture
def living_home() -> Iterator[Path]:
    with fresh_home() as found:
        yield found


@pytest.mark.processes
def test_fifty_clients_at_once_start_one_server(living_home: Path, tmp_path: Path) -> None:
    """Processes of their own, as kernels are: the lock has to hold between them."""
    code = (
        "import sys, threading\n"
        "from jupyter_training.client.client import Client\n"
        "stores = []\n"
        "def ask():\n"
        "    with Client() as client:\n"
        "        stores.append((client.info()['store'], client.place))\n"
        "threads = [threading.Thread(target=ask) for _ in range(10)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert len(stores) == 10, stores\n"
        "print(*set(stores))\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code], env=variables(living_home), stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    said = {child.communicate(timeout=60)[0] for child in children}
    assert [0] * 5 == [child.returncode for child in children]
    assert 1 == len(said)
    assert 1 == len(list((living_home / "run").glob("server-*.json")))


@pytest.mark.processes
def test_a_kernel_finds_its_real_jupyter_server(living_home: Path, tmp_path: Path) -> None:
    environment = variables(living_home)
    with jupyter(living_home, folder=tmp_path) as server:
        pid = next(Path(environment["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json")).stem.partition("-")[2]
        code = "from jupyter_training.client.client import Client\nprint(Client().place)\n"
        asked = {**environment, "JPY_PARENT_PID": pid}
        done = subprocess.run([sys.executable, "-c", code], env=asked, capture_output=True, text=True, timeout=60)
    assert f"the server at {server.url}" == done.stdout.strip(), done.stderr


@pytest.mark.processes
def test_a_headless_server_is_found_and_its_socket_is_its_owners_alone(living_home: Path, tmp_path: Path) -> None:
    with headless_server(living_home, folder=tmp_path) as said:
        found = discover.home_server(Settings(home=living_home))
        assert found is not None
        assert said["store"] == found.store
        assert 0o600 == Path(said["socket"]).stat().st_mode & 0o777
        with pytest.raises(Forbidden):
            HttpTransport(socket_path=said["socket"], token="wrong").request("GET", "info")
        with pytest.raises(Forbidden):
            HttpTransport(socket_path=said["socket"]).request("GET", "info")


@pytest.mark.processes
def test_an_environment_that_can_not_serve_starts_the_command_of_another(living_home: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    (python.parent / "jupyter-training").write_text("#!/bin/sh\nexit 9\n")
    (python.parent / "jupyter-training").chmod(0o755)
    repository = str(Path(__file__).parents[2])
    code = "from jupyter_training.client.client import Client\nprint(Client().info()['store'])\n"
    here = os.path.dirname(sys.executable)
    for home, path, status in (
        (living_home, f"{python.parent}:{here}:/usr/bin:/bin", 0),
        (tmp_path / "other", f"{python.parent}:/usr/bin:/bin", 1),
    ):
        done = subprocess.run(
            [python, "-c", code],
            env=variables(home, PATH=path, PYTHONPATH=repository),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert status == done.returncode, done.stderr
    assert "this environment has only the part that talks to one" in done.stderr
