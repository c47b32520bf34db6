"""What the options of ``%%train`` come to, alone and over a config."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel import wish
from jupyter_training.kernel.arguments import parse
from jupyter_training.kernel.commands import CELL, CONFIG
from jupyter_training.kernel.wish import Wish
from jupyter_training.schema import SubmitRequest
from jupyter_training.services.config_text import CLIENT_KEYS, CONFIG_KEYS
from tests.kernel.shells import Cells


def said(line: str, config: dict[str, Any] | None = None) -> Wish:
    found = wish.of_line(parse(CELL, line, offset=8))
    return found if config is None else wish.over(found, config)


def test_every_option_is_a_key_of_a_config() -> None:
    keys = {option.key.partition(".")[0] for option in CELL.options if option.key}
    assert set() == keys - CONFIG_KEYS - CLIENT_KEYS
    # Those that are no property of a job: which config, and what to do instead of a submit.
    assert {"config", "dry_run", "test"} == {option.name for option in CELL.options if not option.key}


def test_what_is_said_gets_the_shape_of_a_config() -> None:
    line = "digits lr=0.5 --slots 2 --memory 1GiB --tag a=b --env A=1 --env B --pass-env C,D --take X,y -o h --wait -q"
    assert {
        "name": "digits",
        "params": {"lr": 0.5},
        "resources": {"slots": 2, "memory": 1024**3},
        "tags": {"a": "b"},
        "environment": {"variables": {"A": "1", "B": None}, "pass_env": ["C", "D"]},
        "take": ["X", "y"],
        "out": "h",
        "wait": True,
        "quiet": True,
    } == said(line).values


def test_the_line_wins_over_the_config_key_by_key() -> None:
    config = {
        "name": "from-config",
        "pool": "local",
        "priority": 3,
        "params": {"lr": 0.1, "epochs": 5},
        "resources": {"slots": 2},
        "environment": {"variables": {"A": "1", "B": "2"}, "pass_env": ["C"]},
        "take": ["X"],
        "if_exists": "error",
        "timeout": "2h",
    }
    found = said("digits lr=0.5 --priority 7 --env B=3 --pass-env D --take y --cpus 2 --if-exists new", config).values
    assert {
        "name": "digits",
        "pool": "local",
        "priority": 7,
        "params": {"lr": 0.5, "epochs": 5},
        "resources": {"slots": 2, "cpus": 2},
        "environment": {"variables": {"A": "1", "B": "3"}, "pass_env": ["C", "D"]},
        "take": ["X", "y"],
        "if_exists": "new",
        "timeout": "2h",
    } == found


@pytest.mark.parametrize(
    ("line", "config", "found"),
    [
        ("--retries 3", {"retries": 5}, {"retries": {"max": 3}}),
        ("--retries 3", {"retries": {"max": 5, "on": ["lost"]}}, {"retries": {"max": 3, "on": ["lost"]}}),
        ("", {"retries": 5}, {"retries": {"max": 5}}),
        (
            "--keep-latest 3",
            {"checkpoints": "s3://bucket/a"},
            {"checkpoints": {"to": "s3://bucket/a", "keep": {"trial_latest": 3}}},
        ),
        (
            "--checkpoints /data --keep-best 2",
            {"checkpoints": {"to": "s3://bucket/a", "metric": "loss"}},
            {"checkpoints": {"to": "/data", "metric": "loss", "keep": {"trial_best": 2}}},
        ),
        ("--stop-hung", {"hang": "30m"}, {"hang": {"after": "30m", "stop": True}}),
        ("--hang 10m --pause-within 90", {}, {"hang": {"after": "10m"}, "pause_within": 90.0}),
    ],
)
def test_a_short_form_in_a_config_and_an_option_come_together(
    line: str, config: dict[str, Any], found: dict[str, Any]
) -> None:
    assert found == said(line, config).values


def test_what_is_said_of_checkpoints_retries_and_pauses_is_what_the_job_has(cells: Cells, tmp_path: Path) -> None:
    cells.run(
        "%%train_config careful\nretries: {max: 5, on: [error, lost]}\n"
        "checkpoints: {metric: loss, keep: {trial_best: 2}}\nhang: 30m\npause_within: 5m\nresume: false\n"
    )
    kept = tmp_path / "kept"
    cells.run(
        f"%%train digits --config careful --retries 3 --keep-latest 4 --checkpoints {kept} --stop-hung -q -o h\nx = 1\n"
    )
    spec = cells.shell.user_ns["h"].view["spec"]
    assert {"max": 3, "on": ["error", "lost"]} == spec["retries"]
    assert {"after": 1800.0, "stop": True} == spec["hang"]
    assert 300 == spec["pause_within"]
    assert ({"experiment_best": 0, "trial_best": 2, "trial_latest": 4}, "loss") == (
        spec["checkpoints"]["keep"], spec["checkpoints"]["metric"],
    )  # fmt: skip
    assert str(kept) in spec["checkpoints"]["to"]


@pytest.mark.parametrize(
    ("line", "config", "waits"),
    [
        ("--wait", {}, True),
        ("--detach", {"wait": True}, False),
        ("--wait", {"detach": True}, True),
        ("", {"wait": True}, True),
        ("", {"detach": True}, False),
        ("", {}, False),
    ],
)
def test_to_wait_or_to_detach(line: str, config: dict[str, Any], waits: bool) -> None:
    assert waits == said(line, config).waits


def test_a_config_is_not_changed_by_its_use() -> None:
    config = {"params": {"lr": 0.1}, "detach": True}
    before = json.dumps(config)
    said("lr=0.5 --wait", config)
    assert before == json.dumps(config)


def test_once_and_what_excludes_it() -> None:
    with pytest.raises(InvalidUsage, match="--if-exists new does not"):
        said("--once --if-exists new")
    assert "once" not in said("--if-exists new", {"once": True}).values
    assert said("--if-exists reuse", {"once": True}).values["once"]


def test_the_resolved_wish_is_what_is_sent(cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    (tmp_path / "elsewhere").mkdir()
    sent = cells.planned(
        "%%train digits --backend local --gpus 0 --cpus 2 --timeout 90m --grace 5 --metrics off --once"
        " --env COLOUR --env SHAPE=round --folder elsewhere --dry-run\nlr = 0.1\n"
    )
    assert ("reuse", True) == (sent["if_exists"], sent["once"])
    assert ("local", "90m", 5, "off") == (sent["backend"], sent["timeout"], sent["grace"], sent["metrics"])
    assert {"gpus": 0, "cpus": 2} == sent["resources"]
    variables = sent["environment"]["variables"]
    assert ("blue", "round") == (variables["COLOUR"], variables["SHAPE"])
    assert str(tmp_path / "elsewhere") == sent["environment"]["folder"]
    assert os.environ["PATH"] == variables["PATH"]
    assert set(sent) <= set(SubmitRequest.model_fields)


@pytest.mark.parametrize(
    ("line", "words", "hint"),
    [
        ("--env COLOR", "--env COLOR: this variable is not set here.", "Did you mean COLOUR?"),
        ("--env NOTHING_LIKE_IT", "this variable is not set here", "Give its value: --env NOTHING_LIKE_IT=VALUE."),
        ("--env MY_TOKEN=abc", "MY_TOKEN looks like a secret", "--pass-env MY_TOKEN hands its value over"),
        ("--env 1A=2", "'1A' is not the name of an environment variable", ""),
        ("--take 1x", "'1x' is not a variable's name", "Write --take NAME[,NAME]."),
        ("--if-exists reus", "'reus' is not known", "Did you mean reuse?"),
        ("--backend locl", "There is no backend 'locl'; there is: local, sagemaker.", "Did you mean 'local'?"),
        ("--config big", "This kernel knows no config 'big'.", "Run a cell that begins with %%train_config big first"),
        ("--config no.yaml", "The config no.yaml can't be read", ""),
        ("--retries some", "--retries: 'some' is not a whole number.", "Write --retries N."),
        ("--retries -1", "retries.max: ", ""),
        ("--keep-latest -2", "checkpoints.keep.trial_latest: ", ""),
        ("--hang soon", "'soon' is not a duration", ""),
        ("--pause-within never", "'never' is not a duration", ""),
    ],
)
def test_a_wrong_value_is_shown_at_its_word(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, line: str, words: str, hint: str
) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    shown = cells.run(f"%%train digits {line} --dry-run\nx = 1\n").splitlines()
    assert words in shown[0]
    assert f"    %%train digits {line} --dry-run" == shown[2]
    at = shown[3].index("^")
    assert shown[2][at : shown[3].rindex("^") + 1] in line
    assert hint in shown[-1]


def test_help_has_every_option_of_both_cell_magics(cells: Cells) -> None:
    for command in (CELL, CONFIG):
        shown = cells.run(f"%train help {command.name}")
        for option in command.options:
            assert option.usage in shown
            assert option.help in shown
    assert "params: {lr: 0.1}" in cells.run("%train help train_config")
