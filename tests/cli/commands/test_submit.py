"""What is submitted from a shell, and what is refused, at which place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyter_training import schema
from tests.cli.commands.speaking import Run, asked, fresh

pytestmark = pytest.mark.processes


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
    assert {"slots": 2, "gpus": 0, "cpus": 0.5, "memory": 2 * 10**9, "max_slots": None} == spec["resources"]
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
