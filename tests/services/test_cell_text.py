"""A job's cell, run again, wishes for the same: options, parameters and code."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from jupyter_training.client.client import Client
from jupyter_training.errors import NotFound
from jupyter_training.kernel.arguments import parse
from jupyter_training.kernel.commands import CELL
from jupyter_training.kernel.wish import of_line
from jupyter_training.schema import SubmitRequest
from jupyter_training.services import data
from jupyter_training.services.cell_text import cell
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings

SUBMIT = Client.submit
BODY = "import math\n\nlr = 0.1\nepochs = 3\nname = 'a'\nprint(lr)\n"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site.open(Settings(home=tmp_path_factory.mktemp("cells") / "home", local_slots=8)) as site:
        site.ensure_dispatcher = lambda: None  # type: ignore[method-assign]
        yield site


_keys = (f"key-{number:08d}" for number in range(10_000))


def text_of(site: Site, *, body: str = BODY, kind: str = "cell", **wish: Any) -> str:
    entry = {"kind": kind, "path": "cell.py", **wish.pop("entry", {})}
    request = {
        "key": next(_keys),
        "name": "digits",
        "entry": entry,
        "files": [{"path": "cell.py", "text": body}],
        **wish,
    }
    return cell(site, submit(site, SubmitRequest.model_validate(request), user="ada").job.id).text


def said(text: str) -> dict[str, Any]:
    """What the magic reads from a cell's first line."""
    line = text.splitlines()[0]
    assert line.startswith("%%train ")
    return dict(of_line(parse(CELL, line.removeprefix("%%train"), offset=len("%%train"))).values)


def test_a_plain_cell_has_a_plain_line(site: Site) -> None:
    assert f"%%train digits\n{BODY}" == text_of(site)


def test_options_that_differ_are_on_the_line(site: Site) -> None:
    data.store(site, EMPTY, b"")
    text = text_of(
        site,
        priority=7,
        resources={"slots": 2, "cpus": 1.5, "memory": 2_000_000_000},
        timeout="90m",
        grace=45,
        metrics="off",
        tags={"team": "vision", "note": "two words"},
        environment={"pass_env": ["HF_TOKEN"]},
        secrets={"HF_TOKEN": "x"},
        data=[{"name": "X", "kind": "npy", "sha256": EMPTY, "size": 0}],
        retries=5,
        checkpoints={"to": "s3://bucket/x", "keep": {"trial_latest": 3, "trial_best": 2}},
        pause_within="2m",
        hang={"after": "30m", "stop": True},
    )
    assert {
        "name": "digits",
        "priority": 7,
        "resources": {"slots": 2, "cpus": 1.5, "memory": 2_000_000_000},
        "timeout": "90m",
        "grace": 45,
        "metrics": "off",
        "tags": {"team": "vision", "note": "two words"},
        "environment": {"pass_env": ["HF_TOKEN"]},
        "take": ["X"],
        "retries": {"max": 5},
        "checkpoints": {"to": "s3://bucket/x", "keep": {"trial_latest": 3, "trial_best": 2}},
        "pause_within": "2m",
        "hang": {"after": "30m", "stop": True},
    } == {key: list(value) if isinstance(value, tuple) else value for key, value in said(text).items()}


def test_parameters_are_there_where_they_differ_from_the_literals(site: Site) -> None:
    text = text_of(site, params={"lr": 0.1, "epochs": 5, "name": "b"})
    assert "%%train digits epochs=5 name=b" == text.splitlines()[0]
    assert "%%train digits lr=1" == text_of(site, body="lr = 1.0\n", params={"lr": 1}).splitlines()[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


@given(value=JSON)
@example(value="1/2")
@example(value="nan")
@example(value="true")
@example(value="--flag")
@example(value='it\'s "so"')
@example(value="a\\b")
@example(value="$(rm -rf ~) {x}")
@example(value="")
@example(value=" padded ")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_parameter_comes_back_as_it_was(site: Site, value: JsonValue) -> None:
    text = text_of(site, params={"given": value})
    assert {"given": value} == said(text)["params"]


@pytest.mark.parametrize("tag", ["x", "two words", "it's", 'a "b"', "", "=", "--x"])
def test_any_tag_comes_back_as_it_was(site: Site, tag: str) -> None:
    assert {"k": tag} == said(text_of(site, tags={"k": tag}))["tags"]


def test_the_blank_lines_that_kept_the_cells_line_numbers_are_left_out(site: Site) -> None:
    assert "%%train digits\nx = 1\n" == text_of(site, body="\n\n\nx = 1\n\n")


def test_a_script_gives_a_cell_that_submits_it(site: Site) -> None:
    text = text_of(
        site,
        kind="script",
        entry={"args": ["--fast"], "shown_as": "/srv/train.py"},
        params={"lr": 0.1, "hidden-size": 3, "name": "x"},
        priority=7,
        timeout="2h",
    )
    (call,) = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.keywords]
    assert ["/srv/train.py", "--fast"] == [ast.literal_eval(one) for one in call.args]
    given = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
    params = {"hidden-size": 3, "name": "x"}
    assert {"lr": 0.1, "params": params, "name": "digits", "priority": 7, "timeout": "2h"} == given


def wished(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a client's cell, run, hands to ``Client.submit``, by the names of its parameters."""
    asked: list[inspect.BoundArguments] = []
    monkeypatch.setattr(
        Client, "submit", lambda *given, **named: asked.append(inspect.signature(SUBMIT).bind(*given, **named))
    )
    exec(text, {"fit": None})
    return asked[0].arguments


def test_a_clients_cell_has_the_options_that_the_client_takes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of(
        site,
        kind="script",
        resources={"slots": 2, "memory": 2_000_000_000},
        grace=45,
        metrics={"loss": r"loss=(\S+)"},
        tags={"a": "b\nc"},
        environment={"pass_env": ["HF_TOKEN"]},
        secrets={"HF_TOKEN": "x"},
        retries={"max": 5, "on": ["lost"]},
        checkpoints={"keep": {"trial_latest": 3}},
        pause_within=5,
        hang="30m",
    )
    found = wished(text, monkeypatch)
    assert {
        "name": "digits",
        "slots": 2,
        "memory": 2_000_000_000,
        "grace": "45",
        "metrics": {"loss": r"loss=(\S+)"},
        "tags": {"a": "b\nc"},
        "pass_env": ["HF_TOKEN"],
        "retries": {"max": 5, "on": ["lost"]},
        "checkpoints": {"keep": {"trial_latest": 3}},
        "pause_within": "5",
        "hang": {"after": 1800.0},
    } == {key: value for key, value in found.items() if key not in ("self", "what")}


def test_a_parameter_that_is_called_as_an_option_or_a_keyword_stays_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [name for name in inspect.signature(SUBMIT).parameters if name not in ("what", "args", "parameters")]
    params = {name: 3 for name in [*names, "lambda", "a.b", "lr"] if name != "key"}
    found = wished(text_of(site, kind="script", params=params), monkeypatch)
    assert {"lr": 3} == found["parameters"]
    assert {name: 3 for name in params if name != "lr"} == found["params"]


def test_a_functions_name_is_never_more_than_a_name(site: Site) -> None:
    text = text_of(site, kind="function", entry={"function": "f)\nimport os\n("})
    assert "import os" not in text
    ast.parse(text)


def test_a_tag_that_no_line_can_hold_is_left_out(site: Site) -> None:
    text = text_of(site, tags={"note": "x\nimport os", "team": "vision"})
    assert f"%%train digits --tag team=vision\n{BODY}" == text


def test_a_function_gives_a_cell_that_names_it(site: Site) -> None:
    text = text_of(site, body="def fit(lr): ...\n", kind="function", entry={"function": "fit"}, params={"lr": 0.1})
    assert "Client().submit(\n    fit,\n    lr=0.1," in text
    ast.parse(text)


def test_code_that_is_gone_is_told(site: Site) -> None:
    request = {
        "key": "gone-1234",
        "entry": {"kind": "cell", "path": "c.py"},
        "files": [{"path": "c.py", "text": "y=7"}],
    }
    job = submit(site, SubmitRequest.model_validate(request), user="ada").job
    (Path(site.settings.blobs) / job.spec.files[0].sha256).unlink()
    with pytest.raises(NotFound, match="no longer kept"):
        cell(site, job.id)
