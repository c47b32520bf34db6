"""What starting, running and stopping does to the Jupyter Server that it happens in."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from traitlets.config import Config

from jupyter_training.client import discover
from jupyter_training.server import app as extension
from jupyter_training.server.app import TrainingApp
from jupyter_training.server.discovery import Reach
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import identity
from jupyter_training.store import pools, views
from tests.server.house import eventually, house

UP_AND_IDLE = """
import asyncio, sys
from traitlets.config import Config
from jupyter_server.serverapp import ServerApp

class Server(ServerApp):
    def load_config_file(self, *args, **kwargs): pass
    def migrate_config(self): pass

config = Config()
config.ServerApp.update(port=0, allow_root=True, open_browser=False, root_dir=sys.argv[1])
config.TrainingApp.home = sys.argv[1] + "/home"
server = Server(config=config, jpserver_extensions={"jupyter_training": True})
server.initialize(argv=[], find_extensions=False)
server.io_loop.call_later(0.5, server.stop)
server.start()
print("MODULES", *sys.modules)
"""


def test_a_server_that_is_never_asked_imports_nothing_heavy_and_leaves_the_home_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UP_AND_IDLE, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
    )
    assert 0 == done.returncode, done.stderr
    modules = set(done.stdout.partition("MODULES")[2].split())
    assert "jupyter_training.server.app" in modules
    heavy = {"pydantic", "sqlalchemy", "alembic", "mlflow", "boto3", "jupyter_training.services"}
    assert set() == heavy & modules
    assert not (tmp_path / "home").exists()


def test_every_setting_is_an_option_of_the_extension() -> None:
    assert {field.name for field in fields(Settings)} <= set(TrainingApp.class_own_traits(config=True))


def test_an_option_overrules_the_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("local_slots = 3\nrecord_idle_exit = 7\n")
    config = Config()
    config.TrainingApp.local_slots = 5
    with house(home, config=config) as living:
        assert 5 == living.get("pools")["pools"][0]["slots"]
        assert living.extension.desk is not None
        assert 7 == living.extension.desk.settings.record_idle_exit


def test_a_server_lets_this_machines_pool_follow_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Site.open(Settings(home=home)) as site:
        local = views.pools(site.store)["local"]
        pools.write(site.store, replace(local, slots=99, cpus=99.0), now=site.now())
    with house(home) as living:
        (found,) = living.get("pools")["pools"]
        assert (local.slots, local.cpus, True) == (found["slots"], found["cpus"], found["is_found"])


def test_a_server_makes_the_pools_of_its_options(tmp_path: Path) -> None:
    config = Config()
    config.TrainingApp.pools = {"lab": {"devices": "0,1", "preemption": True}}
    with house(tmp_path / "home", config=config) as living:
        lab, _ = living.get("pools")["pools"]
        assert (["0", "1"], 2, True) == (lab["devices"], lab["slots"], lab["preemption"])


def test_its_note_leads_a_client_to_it_until_it_stops(tmp_path: Path) -> None:
    with house(tmp_path / "home", base_url="/lab/") as living:
        store = living.get("info")["store"]
        (file,) = (tmp_path / "home" / "run").glob("server-*.json")
        note = json.loads(file.read_text())
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        assert identity.own() == identity.Identity(note["pid"], note["start_time"], note["boot_id"])
        assert (store, living.token, "/lab/") == (note["store"], note["token"], note["base_url"])
        found = discover.home_server(living.settings)
        assert found is not None
        assert store == found.store
        found.transport.close()
    assert not file.exists()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8888/lab/", "http://localhost:8888/lab/"),
        ("http://0.0.0.0:8888/", "http://127.0.0.1:8888/"),
        ("https://[::]:8888/", "https://[::1]:8888/"),
        ("http://ada.example:8888/user/ada/", "http://ada.example:8888/user/ada/"),
    ],
)
def test_a_server_that_listens_everywhere_is_reached_over_the_loopback(url: str, expected: str) -> None:
    assert expected == Reach.of(url, sock="", base_url="/", token="t").url


def test_a_server_on_a_socket_is_reached_by_its_path() -> None:
    reach = Reach.of("http+unix://%2Ftmp%2Fa.sock/", sock="/tmp/a.sock", base_url="/", token="t")
    assert ("/tmp/a.sock", None) == (reach.socket, reach.url)


def test_a_home_that_is_in_use_is_opened_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with house(tmp_path / "home") as living:
        living.submit()
    monkeypatch.setattr(extension, "_SETTLED", 0.01)
    with house(tmp_path / "home") as living:
        eventually(lambda: list((tmp_path / "home" / "run").glob("server-*.json")), what="it is opened unasked")


def test_running_jobs_count_as_activity(tmp_path: Path) -> None:
    with house(tmp_path / "home") as living:
        times = living.app.web_app.settings["last_activity_times"]
        job = living.submit()
        living.do(living.extension.note_activity)
        assert (None, {}) == (living.extension.current_activity(), times)
        script = living.dispatching()
        script.run(job)
        living.do(living.extension.note_activity)
        assert {"running_jobs": 1} == living.extension.current_activity()
        assert {"jupyter_training"} == set(times)
        assert living.app.web_app.last_activity() >= times["jupyter_training"]
        script.end(job)
        living.do(living.extension.note_activity)
        assert living.extension.current_activity() is None


def test_running_jobs_do_not_count_where_that_is_not_wanted(tmp_path: Path) -> None:
    config = Config()
    config.TrainingApp.keep_server_active = False
    with house(tmp_path / "home", config=config) as living:
        living.dispatching().run(living.submit())
        living.do(living.extension.note_activity)
        assert (None, {}) == (
            living.extension.current_activity(),
            living.app.web_app.settings["last_activity_times"],
        )
