"""Commands on a real home: what they print, and with which code they leave."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training import schema
from jupyter_training.cli.main import main
from tests.client.places import fresh_home, headless, jupyter
from tests.kernel.living import variables
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes

_number = itertools.count()

GOOD = """
import sys
from jupyter_training import report, output
print(*sys.argv[1:])
for step in range(3):
    report(step=step, loss=1 / (step + 1))
with open(output("a.txt"), "w") as out:
    out.write("hello")
"""
BAD = "def inner():\n    raise ValueError('no such luck')\n\n\nprint('before')\ninner()\n"
LONG = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with fresh_home() as found:
        yield found


@pytest.fixture(autouse=True)
def surroundings(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_TRAINING_URL", "JUPYTER_TRAINING_TOKEN", "MLFLOW_TRACKING_URI", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    for name, source in (("good", GOOD), ("bad", BAD), ("long", LONG)):
        (tmp_path / f"{name}.py").write_text(source)


Run = Callable[..., Any]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; gives its exit code, output and errors."""

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture(scope="module")
def ended(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ids of a job that succeeded and of one that failed."""
    folder = tmp_path_factory.mktemp("ended")
    found = {}
    for name, source, code in (("good", GOOD, 0), ("bad", BAD, 1)):
        (folder / f"{name}.py").write_text(source)
        done = process(home, "submit", f"{name}.py", "lr=0.1", "--wait", "--json", folder=folder)
        assert code == done.returncode, done.stderr
        found[name] = json.loads(done.stdout)["id"]
    return found


def words_of(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("jupyter-training")), *words]


def process(home: Path, *words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a process of its own."""
    environment = variables(home, **more)
    return subprocess.run(
        words_of(*words), env=environment, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )


def asked(run: Run, *words: str) -> Any:
    """What a command that succeeds says as JSON."""
    code, out, err = run(*words, "--json")
    assert (0, "") == (code, err)
    return json.loads(out)


def fresh(prefix: str = "job") -> str:
    return f"{prefix}-{next(_number)}"


def test_a_submit_says_what_it_made_and_what_to_type_next(run: Run) -> None:
    name = fresh()
    code, out, err = run("submit", "good.py", "lr=0.1", "--name", name)
    assert (0, "", 1) == (code, err, out.count("\n"))
    match = re.fullmatch(rf"([a-z2-7]{{10}})  {name}  \w+\. To follow it: jupyter training logs -f (\w+)\n", out)
    assert match is not None
    assert match[1].startswith(match[2])


def test_submit_carries_every_option_into_the_spec(run: Run, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("MY_TOKEN", "hidden-value")
    Path("job.yaml").write_text(
        "name: from-config\ngrace: 3\ncpus: 0.5\nparams: {lr: 1, depth: 4}\nmemory: 1GB\n"
        "environment:\n  variables: {FROM_CONFIG: a}\n  folder: /\n"
    )
    options = ["--name", "given", "--pool", "local", "--priority", "7", "--slots", "2", "--memory", "2GB"]
    options += ["--timeout", "1h30m", "--tag", "team=vision", "--tag", "k=v=w", "--metrics", "off"]
    options += ["--env", "A=1", "--pass-env", "MY_TOKEN", "-f", "job.yaml", "--json", "lr=2", "--", "--raw", "x"]
    code, out, err = run("submit", "long.py", *options)
    assert (0, "") == (code, err)
    view = json.loads(out)
    schema.JobView.model_validate(view)
    spec = view["spec"]
    assert ("given", 7, {"lr": 2, "depth": 4}) == (view["name"], view["priority"], view["params"])
    assert {"slots": 2, "gpus": 0, "cpus": 0.5, "memory": 2 * 10**9} == spec["resources"]
    assert (5400, 3, "off") == (spec["timeout"], spec["grace"], spec["metrics"])
    assert {"team": "vision", "k": "v=w"} == view["tags"]
    assert ["--raw", "x"] == spec["entry"]["args"]
    assert ("/", "a", "1") == (
        spec["environment"]["folder"],
        spec["environment"]["variables"]["FROM_CONFIG"],
        spec["environment"]["variables"]["A"],
    )
    assert ["MY_TOKEN"] == spec["environment"]["pass_env"]
    assert "hidden-value" not in out
    assert 0 == run("kill", view["id"])[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nmae: x\n", "job.yaml line 1, column 1: there is no key 'nmae'. Did you mean 'name'?"),
        ("name: [1\n", "job.yaml line 1, column 7"),
        ("environment:\n  varaibles: {}\n", "line 2, column 3: environment.varaibles"),
        ("environment:\n  pass_env: A\n", "environment.pass_env: it must be a list"),
        ("slots: many\n", "job.yaml line 1, column 1"),
        ("resources: [1]\nslots: 2\n", "resources"),
    ],
)
def test_a_mistake_in_a_config_file_is_told_at_its_place(run: Run, text: str, said: str) -> None:
    Path("job.yaml").write_text(text)
    code, _, err = run("submit", "good.py", "-f", "job.yaml")
    assert 2 == code
    assert said in err.replace("\n", " ")


def test_a_dry_run_shows_the_plan_and_stores_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    name = fresh("dry")
    words = ["submit", "good.py", "lr=0.1", "--name", name, "--backend", "local", "--env", "COLOUR", "--dry-run"]
    code, out, err = run(*words, "--timeout", "2h")
    assert (0, "") == (code, err)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"dry run {name}: nothing is stored, nothing is sent" == lines[0]
    for line in ("code 1 file, 205 B", "param lr 0.1", "pool local, priority 42", "timeout 2 h 0 m"):
        assert line in lines, out
    assert "if it exists always a new job" in lines
    plan = asked(run, *words)
    schema.PlanView.model_validate(plan)
    assert "blue" == plan["spec"]["environment"]["variables"]["COLOUR"]
    assert [] == asked(run, "jobs", "--name", name)["jobs"]


def test_a_list_by_filter(run: Run, ended: dict[str, str]) -> None:
    both = {one["id"] for one in asked(run, "jobs", "state:succeeded", "loss<=1")["jobs"]}
    assert ended["good"] in both
    assert ended["bad"] not in both
    assert ended["bad"] in {one["id"] for one in asked(run, "jobs", "state:failed -name:good")["jobs"]}
    code, _, err = run("jobs", "state:faild")
    assert 2 == code
    assert "there is no state 'faild'" in err
    assert "Did you mean 'failed'?" in err


def test_an_equal_job_is_taken_only_where_that_is_asked_for(run: Run) -> None:
    words = ["submit", "good.py", "--name", fresh("equal"), "--once"]
    first = asked(run, *words)["id"]
    assert 0 == run("wait", first)[0]
    code, out, err = run(*words)
    assert (0, True) == (code, out.startswith(first))
    assert "has succeeded" in err
    assert first != asked(run, *words[:-1])["id"]
    long = ["submit", "long.py", "--name", fresh("equal")]
    first = asked(run, *long)["id"]
    code, out, err = run(*long, "--if-exists", "reuse")
    assert (0, True, True) == (code, out.startswith(first), "the same job" in err)
    code, _, err = run(*long, "--if-exists", "error")
    assert (3, True) == (code, first in err)
    assert 0 == run("kill", first)[0]


def test_a_config_s_keys_for_the_submitting_side_count_here_too(run: Run) -> None:
    name = fresh("waits")
    Path("job.yaml").write_text(f"name: {name}\nwait: true\ntake: [X]\n")
    code, _, err = run("submit", "bad.py", "--config", "job.yaml")
    assert 1 == code
    assert "job.yaml: take is for notebooks and is passed over here." in err
    code, out, _ = run("submit", "long.py", "--config", "job.yaml", "--detach", "--json")
    assert (0, name) == (code, json.loads(out)["name"])
    assert 0 == run("kill", json.loads(out)["id"])[0]


def test_a_repeated_key_gives_the_same_job(run: Run) -> None:
    key = fresh("key-of-mine")
    first, second = (asked(run, "submit", "good.py", "--key", key)["id"] for _ in range(2))
    assert first == second


def test_code_that_can_not_run_is_refused_at_its_line(run: Run) -> None:
    Path("broken.py").write_text("x = 1\nif x\n")
    code, _, err = run("submit", "broken.py")
    assert (2, True) == (code, "broken.py, line 2" in err)
    Path("lacking.py").write_text("import os\nimport no_such_module_at_all\n")
    code, _, err = run("submit", "lacking.py")
    assert (2, True) == (code, "lacking.py, line 2" in err)
    assert "pip install no_such_module_at_all" in err


@pytest.mark.parametrize("verb", ["show", "logs", "metrics", "wait", "cancel", "kill", "open"])
def test_a_job_that_is_not_there_is_exit_code_3_and_a_sentence(run: Run, ended: dict[str, str], verb: str) -> None:
    code, out, err = run(verb, "zzzz")
    assert (3, "") == (code, out)
    assert err.startswith("error: There is no job 'zzzz'")


def test_a_near_miss_of_a_name_is_suggested(run: Run, ended: dict[str, str]) -> None:
    code, _, err = run("show", "goood")
    assert 3 == code
    assert "good" in err.partition("'goood'")[2]


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        (["jobs", "--json"], schema.JobPage),
        (["show", "good", "--json"], schema.JobView),
        (["logs", "good", "--json"], schema.LogChunk),
        (["metrics", "good", "--json"], schema.MetricsView),
        (["wait", "good", "--json"], schema.JobView),
        (["pool", "list", "--json"], schema.PoolList),
    ],
)
def test_json_has_the_documented_shapes(run: Run, ended: dict[str, str], words: list[str], shape: Any) -> None:
    code, out, err = run(*(ended["good"] if word == "good" else word for word in words))
    assert (0, "") == (code, err)
    shape.model_validate(json.loads(out))


def test_jobs_are_listed_as_aligned_text_where_no_terminal_is(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("jobs", "--name", "bad")
    head, *rows = out.splitlines()
    assert 0 == code
    assert ["id", "name", "state", "submitted", "ran", "metric"] == head.split()
    assert any(row.startswith(ended["bad"]) and "✕ failed" in row for row in rows)
    assert "\x1b" not in out


def test_columns_limits_the_width_and_an_empty_list_says_so(
    run: Run, ended: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert all(len(line) <= 70 for line in run("jobs")[1].splitlines())
    assert "No job fits.\n" == run("jobs", "--name", "nobody-has-this")[1]


def test_pages_go_on(run: Run, ended: dict[str, str]) -> None:
    out = run("jobs", "-n", "1")[1]
    cursor = out.splitlines()[-1].partition("--after ")[2]
    assert 0 == run("jobs", "-n", "1", "--after", cursor)[0]
    assert 2 == run("jobs", "--after", "nonsense")[0]


def test_show_tells_all_about_a_job(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("show", ended["good"])
    assert 0 == code
    for said in (
        "✓ good",
        "Succeeded in",
        "lr=0.1",
        "a.txt (5 B)",
        "loss",
        "0.333 at 2",
        sys.executable,
        "exit code 0",
    ):
        assert said in out
    code, out, _ = run("show", ended["bad"])
    assert "exit code 1" in out


def test_logs_give_all_or_the_last_lines(run: Run, ended: dict[str, str]) -> None:
    assert (0, "--lr 0.1\n", "") == run("logs", ended["good"])
    assert (0, "ValueError: no such luck\n", "") == run("logs", ended["bad"], "-n", "1")
    assert "before" in run("logs", ended["bad"], "--attempt", "1")[1]
    code, _, err = run("logs", ended["bad"], "--attempt", "7")
    assert (3, True) == (code, "no attempt 7" in err)


def test_metrics_are_a_table_with_their_shape(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("metrics", ended["good"], "loss")
    assert 0 == code
    assert re.search(r"loss +0\.333 +0\.333 at 2 +0\.333 +1 +3 +report +█", out)
    code, _, err = run("metrics", ended["good"], "los")
    assert (3, True) == (code, "Did you mean 'loss'?" in err)
    assert "has reported no metrics" in run("metrics", ended["bad"])[1]


def test_waiting_for_a_failure_is_exit_code_1_with_the_persons_traceback(run: Run, ended: dict[str, str]) -> None:
    code, _, err = run("wait", ended["good"], ended["bad"])
    assert 1 == code
    assert "Traceback (most recent call last)" in err
    assert "ValueError: no such luck" in err
    assert "jupyter_training/" not in err
    assert 0 == run("wait", ended["good"])[0]


def test_waiting_prints_lines_as_the_job_goes(run: Run) -> None:
    name = fresh("watched")
    Path("slow.py").write_text("from jupyter_training import report\nimport time\ntime.sleep(0.5)\nreport(loss=1)\n")
    code, out, _ = run("submit", "slow.py", "--name", name, "--wait")
    assert 0 == code
    lines = out.splitlines()
    assert "succeeded" in lines[-1]
    assert len(lines) == len(set(lines)) > 1


def test_following_a_submit_prints_its_output(run: Run) -> None:
    code, out, err = run("submit", "bad.py", "--follow")
    assert 1 == code
    assert out.startswith("before\n")
    assert "no such luck" in err


def test_time_is_up_is_exit_code_3_and_the_job_goes_on(run: Run) -> None:
    job = asked(run, "submit", "long.py", "--name", fresh("long"))["id"]
    code, _, err = run("wait", job, "--timeout", "0.2", "-q")
    assert (3, True) == (code, "It goes on." in err)
    code, out, _ = run("cancel", job)
    assert (0, True) == (code, out.startswith(job))
    assert 1 == run("wait", job, "-q")[0]
    code, _, err = run("cancel", job)
    assert 3 == code
    assert "canceled" in err.lower()


def test_one_refusal_stops_no_other(run: Run, ended: dict[str, str]) -> None:
    job = asked(run, "submit", "long.py", "--name", fresh("long"))["id"]
    code, out, err = run("kill", ended["good"], job)
    assert (3, True, True) == (code, ended["good"] in err, job in out)
    code, out, _ = run("kill", ended["good"], ended["bad"], "--json")
    assert 3 == code
    schema.VerbResult.model_validate(json.loads(out))


def test_an_interrupt_while_waiting_is_130_and_the_job_goes_on(home: Path, tmp_path: Path, run: Run) -> None:
    job = asked(run, "submit", "long.py", "--name", fresh("long"))["id"]
    waiter = subprocess.Popen(
        words_of("wait", job), env=variables(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert waiter.stdout is not None
    while "running" not in waiter.stdout.readline():
        assert waiter.poll() is None
    waiter.send_signal(signal.SIGINT)
    _, err = waiter.communicate(timeout=30)
    assert (130, True) == (waiter.returncode, f"({job}); it goes on." in err), err
    assert "Traceback" not in err
    assert "running" == asked(run, "show", job)["state"]
    follower = subprocess.Popen(
        words_of("logs", "-f", job), env=variables(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    assert "begun\n" == follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=30)
    assert (130, True) == (follower.returncode, "it goes on" in err), err
    assert 0 == run("kill", job)[0]


def on_a_terminal(home: Path, *words: str, columns: int = 100, **more: str) -> str:
    """What a command writes to a real terminal."""
    ours, theirs = pty.openpty()
    environment = {**variables(home, **more), "TERM": "xterm-256color", "COLUMNS": str(columns)}
    environment.update(more)
    child = subprocess.Popen(words_of(*words), env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    assert 0 == child.wait(60)
    return b"".join(pieces).decode()


def test_on_a_terminal_tables_have_colour_unless_it_is_unwanted(home: Path, ended: dict[str, str]) -> None:
    shown = on_a_terminal(home, "jobs", "--name", "bad")
    assert "\x1b[31m" in shown
    plain = on_a_terminal(home, "jobs", "--name", "bad", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert ended["bad"] in plain


def test_on_a_terminal_waiting_redraws_one_line(home: Path, ended: dict[str, str]) -> None:
    shown = on_a_terminal(home, "wait", ended["good"])
    assert "\r\x1b[2K✓ succeeded  good" in shown
    assert 1 == shown.count("\n")


def test_pools_are_listed_and_changed(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("pool", "set", "small", "--slots", "1")
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
    assert ["home", "disk", "store", "journal", "content", "dispatcher", "spool", "record", "server"] == names
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
