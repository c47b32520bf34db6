"""A config text by itself: what it says, and where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.errors import InvalidSpec
from jupyter_training.schema import ConfigText, SubmitRequest
from jupyter_training.services import config_text, configs
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))
    return Site.open(Settings.load())


def values(site: Site, text: str) -> dict[str, object]:
    return configs.config(site, ConfigText(text=text, name="big")).values


def test_every_kind_of_key_is_understood(site: Site) -> None:
    text = "name: digits\ntimeout: 2h\nslots: 2\nmemory: 4GiB\ntags: {team: vision}\nparams:\n  lr: 0.1\nonce: true\n"
    assert {
        "name": "digits",
        "timeout": "2h",
        "resources": {"slots": 2, "memory": 4 * 1024**3},
        "tags": {"team": "vision"},
        "params": {"lr": 0.1},
        "once": True,
    } == values(site, text)


def test_keys_of_the_submitting_side_come_back_as_they_are_meant(site: Site) -> None:
    text = "context: ./src\ntake: X, y\nout: h\nwait: true\nquiet: false\ndetach: false\n"
    found = values(site, text)
    assert {"context": "./src", "take": ["X", "y"], "out": "h", "wait": True, "quiet": False, "detach": False} == found
    assert config_text.CLIENT_KEYS == set(found)


def test_metrics_off_is_no_boolean(site: Site) -> None:
    assert {"metrics": "off"} == values(site, "metrics: off\n")


def test_the_place_of_every_key_comes_along(site: Site) -> None:
    places = configs.config(site, ConfigText(text="\npool: local\nparams:\n  lr: 1\n", name="big")).places
    assert {"pool": (2, 1), "params": (3, 1), "params.lr": (4, 3)} == places


def test_needs_are_judged_only_where_the_text_names_the_pool(site: Site) -> None:
    assert {"resources": {"gpus": 4}} == values(site, "gpus: 4\n")
    with pytest.raises(InvalidSpec, match="the pool 'local' has none"):
        values(site, "pool: local\ngpus: 4\n")


@pytest.mark.parametrize(
    ("text", "words", "hint", "place"),
    [
        ("\nprioritty: 3\n", "there is no key 'prioritty'", "Did you mean 'priority'?", (2, 1)),
        ("resources:\n  slotss: 3\n", "there is no key 'slotss'", "Did you mean 'slots'?", (2, 3)),
        ("name: a\npriority: 300\n", "it goes from 1 (first) to 99", None, (2, 1)),
        ("pool: gpus\n", "there is no pool 'gpus'", None, (1, 1)),
        ("backend: locl\n", "there is no backend 'locl'", "Did you mean 'local'?", (1, 1)),
        ("environment:\n  kind: currant\n", "there is no environment 'currant'", "Did you mean 'current'?", (2, 3)),
        ("timeout: soon\n", "'soon' is not a duration", "Write seconds, or e.g. 45s, 90m, 2h, 1h30m.", (1, 1)),
        ("memory: 4XB\n", "'4XB' is not a size", "Write bytes, or e.g. 500MB, 16GB, 16GiB.", (1, 1)),
        ("take: [X, 1x]\n", "'1x' is not a variable's name", None, (1, 11)),
        ("priority: high\n", "priority: it must be a whole number", None, (1, 1)),
        ("slots: 1\nweight: 1e-310\n", "weight: 1e-310 is not allowed; it must be above 0", None, (2, 1)),
        ("environment:\n  variables: {A: 1}\n", "it must be a text", "Put it in quotes.", (2, 15)),
        ("pool: [local]\n", "pool: it must be a text", None, (1, 1)),
        ("params:\n  lr = 0.1\n", "params: it must be a mapping", "Write lr: 0.1", (1, 1)),
        ("wait: maybe\n", "'maybe' is neither true nor false", None, (1, 1)),
        ("if_exists: reus\n", "input should be 'new', 'reuse' or 'error'", "Did you mean 'reuse'?", (1, 1)),
        ("params:\n  password: abc\n", "looks like a secret", None, (2, 3)),
        ("name: [a\n", "this is not valid YAML", None, (1, 7)),
    ],
)
def test_a_fault_is_named_at_its_line_and_column(
    site: Site, text: str, words: str, hint: str | None, place: tuple[int, int]
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        values(site, text)
    (problem, *_) = caught.value.errors
    assert f"big line {place[0]}, column {place[1]}: " in caught.value.detail
    assert words in caught.value.detail
    assert place == (problem.line, problem.column)
    if hint is not None:
        assert hint == caught.value.hint


@pytest.mark.parametrize(
    ("pool", "backend", "words"),
    [
        (None, "local", None),
        ("local", "local", None),
        (None, "sagemkr", "there is no backend 'sagemkr'; there is: local"),
    ],
)
def test_a_backend_stands_for_its_pool(site: Site, pool: str | None, backend: str, words: str | None) -> None:
    text = f"backend: {backend}\n" + (f"pool: {pool}\n" if pool else "")
    if words is None:
        assert backend == values(site, text)["backend"]
    else:
        with pytest.raises(InvalidSpec, match=words):
            values(site, text)


def test_a_submit_passes_over_what_is_the_submitting_side_s() -> None:
    request = SubmitRequest(
        key="a-key-of-mine",
        entry={"kind": "cell", "path": "cell.py"},
        files=[{"path": "cell.py", "text": "pass"}],
        config={"text": "wait: true\ndetach: false\ntake: X\nout: h\nquiet: true\npriority: 3\nmetrics: off\n"},
    )
    merged = config_text.with_config(request)
    assert (3, "off", None) == (merged.priority, merged.metrics, merged.config)
