"""However a person says where a job is to run, it is the same job."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli.main import main
from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.errors import InvalidSpec, TrainingError
from jupyter_training.services import cell_text
from jupyter_training.settings import Settings
from jupyter_training.store import views
from tests.kernel.shells import Cells
from tests.sagemaker.conftest import HOUSE, IMAGE, ROLE
from tests.services.stage import Stage

BODY = "from jupyter_training import checkpoint\nfor step in checkpoint.steps(1):\n    checkpoint.save(step)\n"
SAID = {
    "instance": "ml.g5.xlarge",
    "instances": 2,
    "spot": True,
    "max_wait": 7200,
    "role": ROLE,
    "region": "us-east-1",
    "volume": 100,
    "bucket": "mine",
    "inputs": {"train": "s3://mine/train"},
    "keep_alive": None,
    "subnets": ["subnet-1"],
    "security_groups": ["sg-1"],
}
FLAGS = (
    "--instance ml.g5.xlarge --instances 2 --spot --max-wait 7200 "
    f"--role {ROLE} --region us-east-1 --volume 100 --bucket mine --input train=s3://mine/train "
    "--option subnets=['subnet-1'] --option security_groups=['sg-1']"
)
SHORT = f"""
backend: sagemaker
timeout: 1h
instance: ml.g5.xlarge
instances: 2
spot: true
max_wait: 2h
role_arn: {ROLE}
region: us-east-1
volume: 100
bucket: mine
inputs: {{train: s3://mine/train}}
options: {{subnets: [subnet-1], security_groups: [sg-1]}}
"""
LONG = f"""
backend: sagemaker
timeout: 3600
options:
  instance: ml.g5.xlarge
  instances: 2
  spot: true
  max_wait: 7200
  role: {ROLE}
  region: us-east-1
  volume: 100
  bucket: mine
  inputs: {{train: s3://mine/train}}
  subnets: [subnet-1]
  security_groups: [sg-1]
"""


@pytest.fixture
def cells(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    found = Cells()
    yield found
    found.close()


def resolved(stage: Stage, job: str) -> dict[str, Any]:
    """What is left of the words once they are resolved."""
    found = stage.job(job)
    assert "ml.g5.xlarge-spot-us-east-1" == found.pool
    options = {key: value for key, value in found.spec.options.items() if key not in ("written", "role_arn", "role")}
    assert ROLE == found.spec.options["role_arn"]
    return {**options, "slots": found.spec.resources.slots, "to": found.spec.checkpoints.to}


EXPECTED = {
    "instance": "ml.g5.xlarge",
    "instances": 2,
    "spot": True,
    "max_wait": 7200,
    "max_run": 3600,
    "region": "us-east-1",
    "account": "123456789012",
    "volume": 100,
    "bucket": "mine",
    "inputs": {"train": {"uri": "s3://mine/train"}},
    "subnets": ["subnet-1"],
    "security_groups": ["sg-1"],
    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1",
    "slots": 2,
    "to": "s3://mine/jupyter-training/checkpoints",
}


def test_a_magic_line_a_config_and_a_mix_of_both(stage: Stage, cells: Cells) -> None:
    cells.run(f"%%train_config short{SHORT}")
    cells.run(f"%%train_config long{LONG}")
    cells.run("%%train_config part\nbackend: sagemaker\nspot: true\ninstance: ml.c5.xlarge\n")
    lines = [
        f"--backend sagemaker --timeout 1h {FLAGS}",
        "--config short",
        "--config long",
        f"--config part --timeout 1h {FLAGS.replace('--spot ', '')}",
    ]
    for number, line in enumerate(lines):
        shown = cells.run(f"%%train job{number} {line} -q -o h\n{BODY}")
        assert cells.result.error_in_exec is None, shown
        assert EXPECTED == resolved(stage, cells.shell.user_ns["h"].id), line


def test_the_command_line_and_its_config_file(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(BODY)
    Path("short.yaml").write_text(SHORT)
    for words in (["--backend", "sagemaker", "--timeout", "1h", *FLAGS.split()], ["-f", "short.yaml"]):
        assert 0 == main(["submit", "train.py", *words]), capsys.readouterr().err
        assert EXPECTED == resolved(stage, capsys.readouterr().out.split()[0])


def test_rest_and_python(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(BODY)
    told = stage.submit(BODY, backend="sagemaker", timeout="1h", options=SAID).job
    assert told is not None
    assert EXPECTED == resolved(stage, told.id)
    client = Client(transport=LocalTransport(Settings.load()))
    handle = client.submit(tmp_path / "train.py", backend="sagemaker", timeout="1h", options=SAID)
    assert EXPECTED == resolved(stage, handle.id)
    text = {"text": LONG, "name": "job.yaml"}
    assert EXPECTED == resolved(stage, client.submit(tmp_path / "train.py", config=text).id)


def test_a_raw_request_is_an_option_and_stands_under_the_service_s_name(stage: Stage, cells: Cells) -> None:
    cells.run(
        "%%train_config raw\nbackend: sagemaker\ninstance: ml.m5.xlarge\n"
        "sagemaker:\n  ResourceConfig: {VolumeSizeInGB: 77}\n  EnableNetworkIsolation: true\n"
    )
    cells.run(f"%%train raw --config raw -q -o h\n{BODY}")
    spec = stage.job(cells.shell.user_ns["h"].id).spec
    assert {"ResourceConfig": {"VolumeSizeInGB": 77}} == spec.options["request"]
    assert spec.options["isolated"]


def test_the_pool_is_made_with_its_first_job_and_shared_by_the_next(stage: Stage) -> None:
    jobs = [
        stage.submit(BODY, name=f"job{number}", backend="sagemaker", options={"instance": "ml.m5.xlarge"}).job
        for number in range(2)
    ]
    assert ["ml.m5.xlarge"] * 2 == [job.pool for job in jobs if job is not None]
    pool = views.pools(stage.site.store)["ml.m5.xlarge"]
    assert ("sagemaker", True, "ml.m5.xlarge") == (pool.backend, pool.is_found, pool.options["instance"])
    assert "local" == next(one.name for one in views.pools(stage.site.store).values() if one.is_default)


def test_what_is_refused_makes_no_pool(stage: Stage) -> None:
    with pytest.raises(InvalidSpec, match="without_checkpoints|checkpoint"):
        stage.submit("print(1)", backend="sagemaker", options={"instance": "ml.m5.xlarge", "spot": True})
    assert {"local"} == set(views.pools(stage.site.store))


def test_a_pool_that_is_named_says_what_the_job_leaves_out(stage: Stage) -> None:
    stage.submit(BODY, backend="sagemaker", options={"instance": "ml.m5.xlarge"})
    told = stage.submit(BODY, pool="ml.m5.xlarge", name="other").job
    assert told is not None
    assert "ml.m5.xlarge" == stage.job(told.id).spec.options["instance"]


def test_variables_of_this_machine_stay_here(stage: Stage) -> None:
    variables = {"PATH": "/usr/bin", "HOME": "/home/ada", "VIRTUAL_ENV": "/venv", "EPOCHS": "3"}
    environment = {"kind": "current", "variables": variables}
    job = stage.submit(BODY, backend="sagemaker", options={"instance": "ml.m5.xlarge"}, environment=environment).job
    assert job is not None
    assert {"EPOCHS": "3"} == stage.job(job.id).spec.environment.variables


def spec_of(stage: Stage, job: str) -> JobSpec:
    return views.job(stage.site.store, JobId(job)).spec


def test_what_only_the_image_has_may_be_imported(stage: Stage, cells: Cells) -> None:
    cells.run("%%train far --backend sagemaker --instance ml.m5.xlarge -q -o h\nimport only_in_the_image\n")
    assert "far" == spec_of(stage, cells.shell.user_ns["h"].id).name


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("backend: sagemaker\ninstance: ml.g5.xlrge\n", 2, 1, "ml.g5.xlarge"),
        ("backend: sagemaker\noptions:\n  instnce: ml.g5.xlarge\n", 3, 3, "'instance'"),
        ("backend: sagemaker\ninstance: ml.g5.xlarge\ninstances: two\n", 3, 1, "whole number"),
        ("backend: sagemaker\ninstance: ml.g5.xlarge\nmax_wait: 2h\n", 3, 1, "spot"),
        ("backend: sagemaker\ninstance: ml.g5.xlarge\nsagemaker: {ResourceConfg: {}}\n", 3, 13, "ResourceConfig"),
        ("instance: ml.g5.xlarge\n", 1, 1, "backend sagemaker"),
        ("backend: sagemker\n", 1, 1, "'sagemaker'"),
    ],
)
def test_a_mistake_in_a_config_is_shown_at_its_place(
    stage: Stage, text: str, line: int, column: int, words: str
) -> None:
    wish = {"config": {"text": text, "name": "job.yaml"}}
    with pytest.raises(TrainingError) as caught:
        stage.submit(BODY, **wish)
    found = caught.value.errors[0]
    assert (line, column) == (found.line, found.column), caught.value
    assert words in f"{caught.value} {caught.value.hint} {found.hint}"


@pytest.mark.parametrize(
    ("line", "under"),
    [
        ("--backend sagemaker --instance ml.g5.xlrge", "ml.g5.xlrge"),
        ("--instance ml.g5.xlarge", "ml.g5.xlarge"),
        ("--backend sagemaker --instance ml.g5.xlarge --max-wait 2h", "2h"),
        ("--backend sagemaker --instance ml.g5.xlarge --option volme=3", "volme=3"),
    ],
)
def test_a_mistake_on_the_line_is_shown_under_its_word(stage: Stage, cells: Cells, line: str, under: str) -> None:
    shown = cells.run(f"%%train {line}\n{BODY}")
    lines = shown.splitlines()
    at = next(number for number, one in enumerate(lines) if one.strip() and set(one.strip()) <= {"^", "|", " "})
    column = lines[at].index("^")
    assert lines[at - 1][column:].startswith(under), shown


def test_one_thing_is_not_said_twice(stage: Stage, cells: Cells) -> None:
    shown = cells.run("%%train --backend sagemaker --instance ml.g5.xlarge --option instance=ml.c5.xlarge\nprint(1)\n")
    assert "instance is given twice" in shown


def test_a_repeated_submit_gives_the_first_job(stage: Stage) -> None:
    key = uuid.uuid4().hex
    wish: dict[str, Any] = {"key": key, "backend": "sagemaker", "options": {"instance": "ml.m5.xlarge"}}
    first, second = stage.submit(BODY, **wish), stage.submit(BODY, **wish)
    assert first.job is not None
    assert second.job is not None
    assert (first.job.id, False) == (second.job.id, second.created)


def test_a_clone_says_the_same_and_gives_the_same(stage: Stage, cells: Cells) -> None:
    line = f"--backend sagemaker --timeout 1h {FLAGS} --option request={{'EnableNetworkIsolation':True}}"
    cells.run(f"%%train first {line} -q -o h\n{BODY}")
    assert cells.result.error_in_exec is None
    first = stage.job(cells.shell.user_ns["h"].id)
    text = cells.client.cell(first.id)
    assert "--backend sagemaker" in text
    assert "--slots" not in text
    assert "--checkpoints" not in text
    top, _, body = text.partition("\n")
    shown = cells.run(f"{top.replace('%%train first', '%%train again')} -q -o h\n{body}")
    assert cells.result.error_in_exec is None, f"{shown}\n{text}"
    again = stage.job(cells.shell.user_ns["h"].id)
    assert (first.spec.options, first.pool) == (again.spec.options, again.pool)
    assert first.spec.checkpoints == again.spec.checkpoints


def test_a_clone_of_a_script_is_a_call_that_gives_the_same(stage: Stage) -> None:
    told = stage.submit(BODY, backend="sagemaker", timeout="1h", options=SAID).job
    assert told is not None
    text = cell_text.cell(stage.site, told.id).text
    assert "backend='sagemaker'" in text
    assert "'instance': 'ml.g5.xlarge'" in text
    assert "slots=" not in text


def told(shown: str) -> list[str]:
    """Lines of a table, without its spaces."""
    return [" ".join(line.split()) for line in shown.splitlines()]


@pytest.fixture
def priced(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with a table of prices of its own."""
    (tmp_path / "home" / "prices.csv").write_text("instance,region,price,currency\nml.m5.xlarge,,4,USD\n")
    house = {**HOUSE, "prices": "prices.csv"}
    monkeypatch.setenv("JUPYTER_TRAINING_SAGEMAKER", json.dumps(house))


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("", "timeout 24 h (nothing was said)"),
        ("--timeout 90m", "timeout 1 h 30 m"),
        ("--max-cost 0.4", "timeout 6 min, for max_cost"),
        ("--option request={'StoppingCondition':{'MaxRuntimeInSeconds':7200}}", "timeout 2 h"),
    ],
)
def test_a_job_there_shows_its_limit_and_its_surroundings_there(
    priced: None, cells: Cells, capsys: pytest.CaptureFixture[str], said: str, line: str
) -> None:
    top = f"%%train far --backend sagemaker --instance ml.m5.xlarge --input train=s3://mine/train {said}"
    there = {line, f"image {IMAGE}", "region eu-west-1", "input train s3://mine/train"}
    here = ("python ", "interpreter ", "folder ")
    dry = told(cells.run(f"{top} --dry-run\n{BODY}"))
    assert there <= set(dry), dry
    cells.run(f"{top} -q -o h\n{BODY}")
    shown = told(cells.run("%train show far"))
    assert there <= set(shown), shown
    capsys.readouterr()
    assert 0 == main(["show", cells.shell.user_ns["h"].id])
    printed = told(capsys.readouterr().out)
    assert there <= set(printed), printed
    assert not [one for one in (*dry, *shown, *printed) if one.startswith(here)]


def test_the_dry_run_of_a_search_says_whose_limit_a_cost_is(priced: None, cells: Cells) -> None:
    line = "%%train sweep lr=loguniform(1e-4,1e-1) --metric loss --mode min --backend sagemaker --instance ml.m5.xlarge"
    body = f"lr = 0.1\n{BODY}"
    shown = cells.run(f"{line} --max-trials 6 --max-cost 1 --dry-run\n{body}")
    assert "At most 6.00 USD for 6 jobs, for max_cost: ml.m5.xlarge at 4.00 USD an hour (prices.csv, " in shown
    assert "--max-cost 1 USD is for each trial; --stop max_cost=1 ends the search." in shown
    shown = cells.run(f"{line} --max-trials 6 --stop max_cost=5 --timeout 1h --retries 1 --dry-run\n{body}")
    assert "At most 5.00 USD, which ends the search: ml.m5.xlarge at 4.00 USD an hour (prices.csv, " in shown
    shown = cells.run(f"{line} --max-time 2h --timeout 1h --dry-run\n{body}")
    assert "At most 4.00 USD for each trial: " in shown
    grid = line.replace("loguniform(1e-4,1e-1)", "0.1,0.2,0.3")
    shown = cells.run(f"{grid} --searcher grid --timeout 1h --dry-run\n{body}")
    assert "At most 12.00 USD for 3 jobs: " in shown


def test_a_submit_says_what_it_costs_where_that_is_known_without_asking(
    priced: None,
    cells: Cells,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = "--backend sagemaker --instance ml.m5.xlarge --timeout 6m --retries 3"
    words = "Cost: at most 1.60 USD with 3 retries: ml.m5.xlarge at 4.00 USD an hour (prices.csv, "
    assert words in cells.run(f"%%train far {line}\n{BODY}")
    assert "Cost: " not in cells.run(f"%%train far {line}\n{BODY}")  # it is there already
    search = "lr=loguniform(1e-4,1e-1) --metric loss --mode min --max-trials 2"
    assert "Cost: at most 3.20 USD for 2 jobs with 3 retries each: " in cells.run(
        f"%%train many {search} {line}\nlr = 0.1\n{BODY}"
    )
    assert "Cost: " not in cells.run(f"%%train dear {line.replace('m5', 'g5')}\n{BODY}")  # nobody knows
    capsys.readouterr()
    (tmp_path / "train.py").write_text(BODY)
    assert 0 == main(["submit", str(tmp_path / "train.py"), *line.split()])
    assert words in capsys.readouterr().err
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert "Cost: " not in cells.run(f"%%train plain {line}\n{BODY}")


INPUT = "--backend sagemaker --instance ml.m5.xlarge --input"


def test_one_input_is_not_said_twice(stage: Stage, cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    shown = cells.run(f"%%train {INPUT} train=s3://b/x --input train=s3://b/y\n{BODY}")
    assert "--input: 'train' is given twice." in shown
    Path("train.py").write_text(BODY)
    given = [*INPUT.split(), "train=s3://b/x", "--input", "train=s3://b/y"]
    capsys.readouterr()
    assert 2 == main(["submit", "train.py", *given])
    assert "--input: 'train' is given twice." in capsys.readouterr().err


@pytest.mark.parametrize("written", ["data", "./data", "more/../data"])
def test_an_input_s_path_counts_from_the_folder_where_it_is_said(
    stage: Stage, cells: Cells, tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    for name in ("data", "more"):
        Path(name).mkdir()
    Path("train.py").write_text(BODY)
    shown = cells.run(f"%%train far {INPUT} train={written} -q -o h\n{BODY}")
    assert cells.result.error_in_exec is None, shown
    whole = {"train": {"uri": str(tmp_path / "data")}}
    assert whole == stage.job(cells.shell.user_ns["h"].id).spec.options["inputs"]
    capsys.readouterr()
    assert 0 == main(["submit", "train.py", *INPUT.split(), f"train={written}"])
    assert whole == stage.job(capsys.readouterr().out.split()[0]).spec.options["inputs"]


def test_an_input_that_is_nowhere_is_refused_with_its_whole_path(
    stage: Stage, cells: Cells, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"--input train: there is nothing at {tmp_path}/dta."
    shown = cells.run(f"%%train {INPUT} train=./dta\n{BODY}")
    assert words in shown
    lines = shown.splitlines()
    (under,) = (number for number, one in enumerate(lines) if one.strip() and set(one.strip()) <= {"^", "|", " "})
    assert lines[under - 1][lines[under].index("^") :].startswith("train=./dta")
    Path("train.py").write_text(BODY)
    capsys.readouterr()
    assert 2 == main(["submit", "train.py", *INPUT.split(), "train=./dta"])
    assert words in capsys.readouterr().err


def test_deleting_says_what_stays_at_the_service(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"instance": "ml.m5.xlarge"}
    told = [stage.submit(BODY, name=name, backend="sagemaker", options=options).job for name in ("one", "two", "three")]
    jobs = [one.id for one in told if one is not None]
    for job, reason in zip(jobs, (EndReason.COMPLETED, EndReason.COMPLETED, EndReason.ERROR), strict=False):
        stage.begin(job)
        stage.end(job, reason)
    out = "s3://sagemaker-eu-west-1-123456789012/jupyter-training/out"
    assert 0 == main(["delete", "--yes", jobs[0], jobs[2]])
    first, second = capsys.readouterr().out.splitlines()
    assert f"{jobs[0]}  one  Deleted. Its outputs stay at {out}/jt-one-{jobs[0][:8]}-1/." == first
    assert f"{jobs[2]}  three  Deleted. Its outputs at sagemaker (jt-three-{jobs[2][:8]}-1) stay there." == second
    monkeypatch.chdir(tmp_path)
    cells = Cells()
    try:
        shown = cells.run(f"%train delete {jobs[1]} --yes")
    finally:
        cells.close()
    assert f"is deleted. Its outputs stay at {out}/jt-two-{jobs[1][:8]}-1/." in shown
    here = stage.ended()
    capsys.readouterr()
    assert 0 == main(["delete", "--yes", here])
    assert capsys.readouterr().out.endswith("  Deleted.\n")
