"""Searches by the client and by their handle, on a home where trials begin, report and end as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client import experiment_waiting, submission
from jupyter_training.client.client import Client
from jupyter_training.client.experiment_handle import ExperimentHandle
from jupyter_training.client.handle import Handle
from jupyter_training.client.local import LocalTransport
from jupyter_training.client.space import choice, loguniform
from jupyter_training.client.values import verbatim
from jupyter_training.dispatch import ensure
from jupyter_training.errors import IllegalVerb, InvalidSpec, JobFailed, NotFound, ServerUnreachable, UnknownExperiment
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from tests.kernel import builders
from tests.services.searching import Searching
from tests.services.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(ensure, "ensure_dispatcher", lambda settings: None)
    with Site.open(Settings(home=tmp_path / "home", local_slots=2)) as site:
        yield Stage(site)


@pytest.fixture
def client(stage: Stage) -> Iterator[Client]:
    with Client(settings=stage.site.settings, transport=LocalTransport(stage.site.settings, user="ada")) as client:
        yield client


@pytest.fixture
def search(stage: Stage) -> Searching:
    one = Searching(stage, name="sweep")
    one.drive()
    for number, value in enumerate((0.5, 0.25, 0.75)):
        one.trial(number)
        one.tell(number, 1, value)
    one.end(0)
    return one


def train(lr: float, batch: int = 8, seed: int = 0) -> float:
    return lr


SCRIPT = "print('hello')\n"


# -- submit ----------------------------------------------------------------------------------------------------------


def test_a_function_with_a_range_gives_the_handle_of_a_search(client: Client) -> None:
    found = client.submit(train, lr=loguniform(1e-4, 1e-1), batch=choice([32, 64]), metric="loss", mode="min", seed=3)
    assert isinstance(found, ExperimentHandle)
    view = found.view
    assert (["lr", "batch"], 3, ["loss"]) == ([axis["name"] for axis in view["space"]], view["seed"], view["metrics"])


def test_a_range_may_be_a_text_or_stand_in_the_space(client: Client) -> None:
    found = client.submit(train, space={"lr": "loguniform(1e-4,1e-1)"}, batch="32,64", metric=["loss"], mode=["min"])
    assert isinstance(found, ExperimentHandle)
    assert {"lr", "batch"} == {axis["name"] for axis in found.view["space"]}


def test_without_a_metric_the_options_of_a_search_are_parameters(client: Client) -> None:
    found = client.submit(train, lr=0.1, seed=3)
    assert isinstance(found, Handle)
    assert {"lr": 0.1, "seed": 3} == found.params


def test_constants_alone_are_one_plain_training(client: Client) -> None:
    found = client.submit(train, lr=0.1, metric="loss", mode="min", searcher="asha")
    assert isinstance(found, Handle)
    assert {"lr": 0.1} == found.params


def test_a_metric_that_the_function_takes_itself_is_its_own(client: Client) -> None:
    assert ({}, {"metric": "loss"}) == submission.of_search(lambda metric: 0, {"metric": "loss", "mode": None})
    assert {"metric", "mode"} == submission.of_search(lambda metric: 0, {"metric": "loss", "mode": "min"})[0].keys()


def test_an_axis_that_the_function_does_not_take_is_refused_with_the_near_miss(client: Client) -> None:
    with pytest.raises(InvalidSpec, match="takes no 'rl'") as caught:
        client.submit(train, space={"rl": "uniform(0,1)"}, lr=0.1, metric="loss", mode="min")
    assert "Did you mean 'lr'?" == caught.value.hint


def test_a_text_with_a_comma_is_a_text_where_there_is_no_search(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    found = client.submit(script, classes="cat,dog")
    assert isinstance(found, Handle)
    assert {"classes": "cat,dog"} == found.params


@pytest.mark.parametrize(
    ("params", "said", "is_search", "names"),
    [
        ({"a": "x,y"}, {"a"}, True, []),
        ({"a": "x,y"}, set(), True, ["a"]),
        ({"a": "x,y"}, {"a"}, False, ["a"]),
        ({"a": "uniform(0,1)"}, {"a"}, False, []),
        ({"a": "plain", "b": 1, "c": ["x,y"]}, set(), True, []),
    ],
)
def test_which_texts_are_values_as_they_are(
    params: dict[str, object], said: set[str], is_search: bool, names: list[str]
) -> None:
    assert names == verbatim(params, said=said, is_search=is_search)


def test_a_test_of_a_search_tries_one_configuration(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import sys\nprint(sys.argv)\n")
    request = submission.request(
        script, (), {"lr": "0.5,0.25", "opt": "a,b", "n": 3}, limit=10**6, metric="loss", mode="min", said={"lr"}
    )
    found = client.rehearse(request)
    assert found["ok"], found
    assert "'--lr', '0." in found["log"]
    assert "'--opt', 'a,b'" in found["log"]


# -- look ------------------------------------------------------------------------------------------------------------


def test_the_best_is_a_configuration_a_value_and_a_job(client: Client, search: Searching) -> None:
    config, value, job = client.search("sweep").best()
    assert ({"lr": 0.02}, 0.25, "sweep-1") == (config, value, job.name)
    assert search.trials[1].job == job.id


def test_before_a_report_there_is_no_best(client: Client, stage: Stage) -> None:
    Searching(stage, name="young")
    with pytest.raises(NotFound, match="young has no best trial: none has reported loss"):
        client.search("young").best()
    assert [] == client.search("young").pareto()


def test_results_are_rows_with_numbers(client: Client, search: Searching) -> None:
    rows = client.search("last").results()
    assert [0.5, 0.25, 0.75] == [row["loss"] for row in rows]
    assert (0, 1, 0.01) == (rows[0]["trial_id"], rows[0]["epoch"], rows[0]["config_lr"])


def test_trials_come_page_by_page(client: Client, search: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_training.client.experiments._PAGE", 1)
    handle = client.search("sweep")
    assert [0, 1, 2] == [one["number"] for one in handle.trials(sort="number")]
    assert [1, 0, 2] == [one["number"] for one in handle.trials(sort="value")]
    assert [0] == [one["number"] for one in handle.trials(outcome="completed")]
    assert "sweep-2" == handle.job(2).name
    with pytest.raises(NotFound, match="sweep has no trial 9"):
        handle.job(9)


def test_the_best_as_a_cell_has_its_parameters(client: Client, search: Searching) -> None:
    assert "lr=0.02" in client.search("sweep").cell()


def test_a_search_is_found_by_its_name_its_id_a_trial_or_last(client: Client, stage: Stage, search: Searching) -> None:
    trial = search.trials[1].job
    assert {search.id} == {client.search(text).id for text in ("sweep", search.id, search.id[:8], trial, "last")}
    handle = client.handle("sweep")
    assert isinstance(handle, ExperimentHandle)
    stage.submit(name="alone")
    with pytest.raises(UnknownExperiment, match="is a job of its own"):
        client.search("alone")
    with pytest.raises(UnknownExperiment, match="There is no experiment 'nothere'"):
        client.search("nothere")


def test_a_repr_says_how_it_stands_and_never_fails(
    client: Client, search: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = client.search("sweep")
    assert f"<Experiment sweep {search.id}: running, 3 of 50 trials, best loss 0.25>" == repr(handle)

    def gone(_: str) -> dict[str, Any]:
        raise ServerUnreachable("gone")

    monkeypatch.setattr(client, "experiment", gone)
    assert repr(handle).startswith("<Experiment sweep")


# -- wish ------------------------------------------------------------------------------------------------------------


def test_verbs_of_a_handle_change_it(client: Client, search: Searching) -> None:
    handle = client.search("sweep")
    assert "pausing" == handle.pause().phase
    assert "running" == handle.activate().phase
    assert 70 == handle.extend(20).view["total"]
    with pytest.raises(IllegalVerb, match="none of its trials has failed"):
        handle.retry_failed()
    search.end(1, "failed")
    assert "running" == handle.retry_failed().phase
    assert "stopping" == handle.cancel().phase


def test_a_refusal_of_one_is_in_its_result(client: Client, search: Searching) -> None:
    results = client.act_on_experiments("archive", search.id, "aaaaaaaaaa")
    assert [False, False] == [one["ok"] for one in results]


# -- wait ------------------------------------------------------------------------------------------------------------


class Scripted:
    """A client whose search goes from view to view, one for each look; the last one stays."""

    def __init__(self, *views: Mapping[str, Any]) -> None:
        self.views = list(views)
        self.looks = 0

    def experiment(self, _: str) -> Mapping[str, Any]:
        self.looks += 1
        return self.views.pop(0) if len(self.views) > 1 else self.views[0]

    def patiently(self, ask: Callable[[], Any], **_: object) -> Any:
        return ask()


def waited(client: Any, **how: Any) -> tuple[dict[str, Any], list[str], list[float]]:
    pauses: list[float] = []
    seen: list[str] = []
    found = experiment_waiting.wait(
        client,
        "searchabcd",
        timeout=how.pop("timeout", None),
        check=how.pop("check", False),
        on_change=lambda view: seen.append(view["phase"]),
        clock=lambda: sum(pauses),
        pause=pauses.append,
    )
    return found, seen, pauses


def test_waiting_tells_each_new_view_once_and_asks_less_and_less_often() -> None:
    running, more = builders.search(), builders.search(trials=8)
    client = Scripted(running, running, running, running, more, builders.search("succeeded"))
    found, seen, pauses = waited(client)
    assert ("succeeded", ["running", "running", "succeeded"]) == (found["state"], seen)
    assert pauses[0] < pauses[2] <= 1.0
    assert pauses[4] == pauses[0]  # something happened


def test_waiting_ends_when_its_time_is_up() -> None:
    with pytest.raises(TimeoutError, match="sweep .* is still running after 3 s"):
        waited(Scripted(builders.search()), timeout=3)


def test_a_failure_is_raised_with_the_first_traceback() -> None:
    view = builders.search("failed", sentence="Failed: all 3 trials failed.", error="Traceback\nValueError: bad\n")
    with pytest.raises(JobFailed, match="all 3 trials failed") as caught:
        waited(Scripted(view), check=True)
    assert "ValueError: bad" in caught.value.log
    assert "failed" == waited(Scripted(view))[0]["state"]
