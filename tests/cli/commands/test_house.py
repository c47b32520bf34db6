"""Commands on the house: pools, the doctor, the store, a dispatcher, servers and the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands.speaking import Run, asked, process
from tests.client.places import headless, jupyter
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes


def test_pools_are_listed_and_changed(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("pool", "add", "small", "--slots", "1")
    assert (0, True) == (code, "small" in out)
    assert 0 == run("pool", "set", "local", "--slots", "4")[0]
    assert 2 == run("pool", "set", "small", "--slots", "-1")[0]
    code, _, err = run("pool", "set", "small", "--slots", "1", "--backend", "lokal")
    assert (2, True) == (code, "Did you mean 'local'?" in err)
    code, _, err = run("submit", "good.py", "--pool", "smal")
    assert (2, True) == (code, "small" in err)


def test_the_doctor_finds_a_healthy_home_healthy(run: Run, ended: dict[str, str]) -> None:
    code, out, err = run("doctor")
    assert (0, "") == (code, err)
    names = [line.split()[1] for line in out.splitlines() if line.startswith(("ok", "warn"))]
    assert ["home", "disk", "store", "journal", "content", "pools", "dispatcher", "spool", "record", "server"] == names
    code, out, _ = run("doctor", "--json")
    assert {"name", "status", "sentence", "fix"} == set(json.loads(out)["checks"][0])


def test_a_backup_is_a_store_and_is_never_written_over(run: Run, ended: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert 0 == run("db", "backup", str(target))[0]
    found = asked(run, "jobs", "--home", str(target), "-n", "500")
    assert ended["good"] in [job["id"] for job in found["jobs"]]
    code, _, err = run("db", "backup", str(target))
    assert (2, True) == (code, "already" in err)


def test_the_store_is_checked_and_tidied(run: Run, ended: dict[str, str]) -> None:
    assert (0, "The store is sound.\n", "") == run("db", "check")
    code, out, _ = run("db", "gc", "--json")
    assert (0, 0) == (code, json.loads(out)["jobs"])
    assert 2 == run("db", "gc", "--keep-days", "-1")[0]
    assert 0 == run("show", ended["good"])[0]


def test_a_home_without_a_store_is_no_place_for_db(run: Run, tmp_path: Path) -> None:
    code, _, err = run("db", "check", "--home", str(tmp_path / "none"))
    assert (2, True) == (code, "There is no store" in err)
    assert not (tmp_path / "none").exists()


def test_one_round_of_a_dispatcher(run: Run, home: Path) -> None:
    assert 0 == process(home, "dispatch", "--once", folder=home).returncode


def test_with_a_server_named_the_same_commands_go_there(
    run: Run, home: Path, tmp_path: Path, ended: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with jupyter(home, folder=tmp_path) as server:
        monkeypatch.setenv("JUPYTER_TRAINING_TOKEN", server.TOKEN)
        monkeypatch.delenv("JUPYTER_TRAINING_HOME")
        monkeypatch.setenv("JUPYTER_TRAINING_URL", server.url)
        assert ended["good"] == asked(run, "show", ended["good"])["id"]
        monkeypatch.delenv("JUPYTER_TRAINING_URL")
        code, out, _ = run("submit", "good.py", "--wait", "--json", "--url", server.url)
        assert (0, "succeeded") == (code, json.loads(out)["state"])
        monkeypatch.setenv("JUPYTER_TRAINING_TOKEN", "wrong")
        code, _, err = run("jobs", "--url", server.url)
        assert (3, True) == (code, "refuses" in err), err
    code, _, err = run("jobs", "--url", server.url)
    assert (3, True) == (code, "Nobody answers" in err)


def test_the_record_of_a_job_is_a_link(
    run: Run, home: Path, tmp_path: Path, ended: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = eventually(
        lambda: (found := asked(run, "show", ended["good"]))["run_id"] and found,
        within=90,
        what="the mirror makes the run",
    )
    with headless(home, folder=tmp_path):  # a socket is nothing for a browser
        code, out, _ = run("open", ended["good"])
        assert (0, True) == (code, view["run_id"] in out and "mlflow server" in out)
    with jupyter(home, folder=tmp_path) as server:
        monkeypatch.setenv("JUPYTER_TRAINING_TOKEN", server.TOKEN)
        link = f"{server.url.rstrip('/')}/jupyter-training/api/v1/record/#/runs/{view['run_id']}"
        assert link == asked(run, "open", ended["good"], "--url", server.url)["url"]
    code, out, _ = run("open", ended["good"], "--json", "--no-browser")
    assert {"job": ended["good"], "run_id": view["run_id"], "url": None} == json.loads(out)


def test_serve_says_that_one_is_up_already(home: Path, tmp_path: Path) -> None:
    with headless(home, folder=tmp_path):
        done = process(home, "serve", folder=tmp_path)
    assert (3, True) == (done.returncode, "is up already" in done.stderr)
