"""What a machine costs, by whom that is known, and what a job will cost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import prices, request
from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.backends.sagemaker.places import Places
from jupyter_training.errors import InvalidSpec
from jupyter_training.seams.backend_wishes import Price
from tests.backends.sagemaker.aws import Aws, House

DAY = 86400.0
TODAY = 1_785_542_400.0  # 2026-08-01
KIND, REGION = "ml.g5.xlarge", "us-east-1"


def product(amount: str, component: str = "Training", currency: str = "USD") -> str:
    dimension = {"unit": "Hrs", "pricePerUnit": {currency: amount}}
    return json.dumps(
        {
            "product": {"attributes": {"component": component, "instanceName": KIND}},
            "terms": {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}},
        }
    )


def said(folder: Path, *, table: Path | None = None, ask: bool = False, now: float = TODAY) -> Price | None:
    return prices.price(KIND, REGION, now=now, table=table, folder=folder, ask=ask)


def written(folder: Path, text: str, name: str = "prices.csv") -> Path:
    table = folder / name
    table.write_text(text)
    os.utime(table, (TODAY, TODAY))
    return table


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ('{"ml.g5.xlarge": 1.41}', 1.41, "USD"),
        ('{"currency": "EUR", "us-east-1": {"ml.g5.xlarge": 2}, "ml.g5.xlarge": 1}', 2.0, "EUR"),
        ("instance,price\nml.m5.large,0.1\nml.g5.xlarge,1.5\n", 1.5, "USD"),
        ("instance,region,price,currency\nml.g5.xlarge,,1.5,USD\nml.g5.xlarge,us-east-1,1.7,CHF\n", 1.7, "CHF"),
    ],
)
def test_a_table_of_ones_own(text: str, amount: float, currency: str, tmp_path: Path, aws: Aws) -> None:
    found = said(tmp_path, table=written(tmp_path, text), ask=True)
    assert Price(amount, currency, "prices.csv, 2026-08-01") == found
    assert [] == aws.asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "can't be read"),
        ("type,cost\nml.g5.xlarge,1", "no columns instance and price"),
        ('{"ml.g5.xlarge": "cheap"}', "can't be read"),
        ('{"ml.g5.xlarge": -1}', "is no price"),
    ],
)
def test_a_table_that_can_not_be_read_is_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match=words):
        said(tmp_path, table=written(tmp_path, text))
    with pytest.raises(InvalidSpec, match="can't be read: No such file"):
        said(tmp_path, table=tmp_path / "gone.csv")


def test_awss_answer_is_kept_with_its_date_and_asked_anew_after_a_month(tmp_path: Path, aws: Aws) -> None:
    aws.says("pricing", "get_products", {"PriceList": [product("9", "Hosting"), product("1.408")]})
    aws.says("pricing", "get_products", {"PriceList": [product("1.5")]})
    first = Price(1.408, "USD", "AWS price list, 2026-08-01")
    assert said(tmp_path) is None
    assert first == said(tmp_path, ask=True)
    assert first == said(tmp_path, ask=True, now=TODAY + 29 * DAY)
    assert first == said(tmp_path, now=TODAY + 40 * DAY)
    assert Price(1.5, "USD", "AWS price list, 2026-09-10") == said(tmp_path, ask=True, now=TODAY + 40 * DAY)
    assert 2 == aws.asked.count("pricing")


def test_an_old_answer_will_do_where_none_can_be_had(tmp_path: Path, aws: Aws) -> None:
    aws.says("pricing", "get_products", {"PriceList": [product("1.408")]})
    aws.refuses("pricing", "get_products", "AccessDeniedException", "no")
    said(tmp_path, ask=True)
    assert "AWS price list, 2026-08-01" == said(tmp_path, ask=True, now=TODAY + 99 * DAY).source  # type: ignore[union-attr]


@pytest.mark.parametrize("answer", [[], [product("0")], [product("2", "Hosting")]])
def test_a_price_list_without_it(answer: list[str], tmp_path: Path, aws: Aws) -> None:
    aws.says("pricing", "get_products", {"PriceList": answer})
    assert said(tmp_path, ask=True) is None


def test_an_estimate_in_a_sentence() -> None:
    price = Price(1.5, "USD", "AWS price list, 2026-08-01")
    shared: dict[str, Any] = {"instance": KIND, "at_most": DAY}
    assert (
        "About 4.50 USD: 2 x ml.g5.xlarge at 1.50 USD an hour (AWS price list, 2026-08-01), for 90 min; "
        "at most 72.00 USD."
    ) == prices.estimate(price, instances=2, seconds=5400, **shared)
    assert (
        "At most 1,800.00 USD for 50 jobs: ml.g5.xlarge at 1.50 USD an hour (AWS price list, 2026-08-01), "
        "until the time limit of 24 h each. Spare capacity usually costs less than that."
    ) == prices.estimate(price, jobs=50, spot=True, **shared)
    unknown = prices.estimate(None, seconds=5400, **shared)
    assert unknown.startswith("Price unknown: nobody has said what ml.g5.xlarge costs in this region.")
    assert prices.estimate(Price(1.5, "USD", "x"), seconds=1, **shared).startswith(
        "Less than 0.01 USD: ml.g5.xlarge at "
    )


DEAR = Price(4.0, "USD", "mine.csv")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        # The limit holds for each attempt.
        (
            {"at_most": 360, "retries": 3},
            "At most 1.60 USD with 3 retries: X, until the time limit of 6 min for each attempt.",
        ),
        (
            {"at_most": 360, "seconds": 360, "retries": 1, "jobs": 5},
            "At most 4.00 USD for 5 jobs with 1 retry each: X, until the time limit of 6 min for each attempt.",
        ),
        (
            {"at_most": 360, "seconds": 90, "retries": 3},
            "About 0.10 USD: X, for 90 s; at most 1.60 USD with 3 retries.",
        ),
        # max_cost holds for all attempts together.
        (
            {"at_most": 900, "retries": 3, "max_cost": 1.0, "cost_limit": 900},
            "At most 1.00 USD, for max_cost: X, until the time limit of 15 min.",
        ),
        (
            {"at_most": 90, "retries": 3, "max_cost": 1.0, "cost_limit": 900},
            "At most 0.40 USD with 3 retries: X, until the time limit of 90 s for each attempt.",
        ),
        # A warm pool costs after the job.
        (
            {"at_most": 360, "keep_alive": 1800, "retries": 1},
            (
                "At most 0.80 USD with 1 retry + up to 4.00 USD while kept warm: X, "
                "until the time limit of 6 min for each attempt."
            ),
        ),
        (
            {"at_most": 360, "keep_alive": 1},
            "At most 0.40 USD + less than 0.01 USD while kept warm: X, until the time limit of 6 min.",
        ),
        # Searches.
        (
            {"at_most": 900, "jobs": 6, "max_cost": 1.0, "cost_limit": 900},
            (
                "At most 6.00 USD for 6 jobs, for max_cost: X, until the time limit of 15 min each. "
                "--max-cost 1 USD is for each trial; --stop max_cost=1 ends the search."
            ),
        ),
        (
            {"at_most": 3600, "jobs": 6, "retries": 2, "within": 5.0, "max_cost": 9.0},
            (
                "At most 5.00 USD, which ends the search: X, until the time limit of 60 min for each attempt. "
                "--max-cost 9 USD is for each trial."
            ),
        ),
        (
            {"at_most": 360, "jobs": 6, "within": 5.0},
            "At most 2.40 USD for 6 jobs: X, until the time limit of 6 min each.",
        ),
        ({"at_most": 360, "jobs": None}, "At most 0.40 USD for each trial: X, until the time limit of 6 min each."),
        ({"at_most": 1}, "Less than 0.01 USD: X, until the time limit of 1 s."),
    ],
)
def test_an_estimate_counts_what_else_costs(said: dict[str, Any], words: str) -> None:
    found = prices.estimate(DEAR, instance=KIND, **said)
    assert words.replace("X", "ml.g5.xlarge at 4.00 USD an hour (mine.csv)") == found


def test_what_spare_capacity_has_saved() -> None:
    assert 0.75 == prices.savings(3600, 900)
    assert 0.0 == prices.savings(900, 1000)
    assert prices.savings(0, 0) is None
    assert prices.savings(100, 0) is None


class TestCap:
    """What a job may cost is a time: after so long it has cost so much."""

    def test_it_is_the_time_limit(self, tmp_path: Path, known: Aws) -> None:
        home = tmp_path / "home"
        home.mkdir()
        (home / "mine.json").write_text('{"ml.m5.large": 2}')
        house = House(home, region="us-east-1", prices="mine.json")
        spec = house.settled(house.spec(options={"max_cost": 10, "instances": 5}))
        chosen = Settled.of(spec.options)
        assert (3600, 3600, 3600) == (chosen.cost_limit, chosen.max_run, spec.cost_within)
        assert 3600 == house.request(spec)["StoppingCondition"]["MaxRuntimeInSeconds"]
        assert 60 == Settled.of(house.settled(house.spec(options={"max_cost": 10}, timeout=60)).options).max_run

    def test_it_leaves_what_warm_machines_cost(self, tmp_path: Path, known: Aws) -> None:
        (tmp_path / "mine.json").write_text('{"ml.m5.large": 2}')
        house = House(tmp_path, region="us-east-1", prices="mine.json")
        options = {"max_cost": 10, "instances": 5, "keep_alive": 1800}
        spec = house.settled(house.spec(options=options))
        assert 1800 == spec.cost_within
        words = house.wishes.rehearsal(spec).cost
        assert words.startswith("At most 5.00 USD, for max_cost + up to 5.00 USD while kept warm: 5 x ml.m5.large at ")
        with pytest.raises(InvalidSpec, match=r"costs up to 5\.00, which leaves nothing for training"):
            house.settled(house.spec(options={**options, "max_cost": 5}))

    def test_groups_cost_what_all_of_their_machines_cost(self, tmp_path: Path, known: Aws) -> None:
        groups = [
            {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "a"},
            {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "InstanceGroupName": "b"},
        ]
        house = House(tmp_path, region="us-east-1", prices="mine.json")
        (tmp_path / "mine.json").write_text('{"ml.m5.large": 2, "ml.g5.xlarge": 4}')
        said = {"max_cost": 10, "request": {"ResourceConfig": {"InstanceGroups": groups}}}
        spec = house.settled(house.spec(options=said))
        assert 3600 == spec.cost_within
        assert house.wishes.rehearsal(spec).cost.startswith("At most 10.00 USD"), "an hour of all three"

    @pytest.mark.parametrize(("said", "spent", "runs"), [(86400, 0.0, 7200), (60, 0.0, 60), (None, 7000.5, 199)])
    def test_no_attempt_may_run_longer_than_what_is_left(
        self, tmp_path: Path, known: Aws, said: int | None, spent: float, runs: int
    ) -> None:
        """Whatever the person's own members of the request say."""
        house = House(tmp_path, region="us-east-1", prices="mine.json")
        (tmp_path / "mine.json").write_text('{"ml.m5.large": 5}')
        raw = {} if said is None else {"request": {"StoppingCondition": {"MaxRuntimeInSeconds": said}}}
        spec = house.settled(house.spec(options={"max_cost": 10, **raw}))
        places = Places.of("s3://b", job="abcdefghij", attempt=1, boot="b", code="c")
        found = request.build(spec, name="a", uploads=places, tags={}, spent=spent)
        assert {"MaxRuntimeInSeconds": runs} == found["StoppingCondition"]

    def test_a_job_without_one_has_no_trace_of_it(self, house: House, known: Aws) -> None:
        spec = house.settled(house.spec())
        assert spec.cost_within is None
        assert "cost_limit" not in spec.options

    def test_the_price_of_a_slot_asks_nobody(self, tmp_path: Path, aws: Aws) -> None:
        house = House(tmp_path, region="us-east-1")
        assert house.wishes.price({"instance": "ml.m5.large"}) is None
        assert house.wishes.price({}) is None
        assert [] == aws.asked


def test_a_rehearsal_says_what_would_be_sent_and_sends_nothing(house: House, known: Aws, tmp_path: Path) -> None:
    """Runtool 27."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"x" * 700)
    (tmp_path / "in" / "b.csv").write_bytes(b"x" * 300)
    known.says("pricing", "get_products", {"PriceList": [product("1")]})
    spec = house.settled(house.spec(b"print(1)", options={"inputs": {"train": str(tmp_path / "in")}}))
    asked = len(known.asked)
    found = house.wishes.rehearsal(spec, seconds=3600, jobs=6)
    assert ["pricing"] == known.asked[asked:]
    assert "boot" == found.uploads[0].what
    assert [("code", 8, 1), ("inputs.train", 1000, 2)] == [(one.what, one.size, one.files) for one in found.uploads[1:]]
    assert all(one.url.startswith("s3://sagemaker-us-east-1-123456789012/jupyter-training/") for one in found.uploads)
    assert found.cost.startswith("About 6.00 USD for 6 jobs: ml.m5.large at 1.00 USD an hour (AWS price list, ")
    asked = len(known.asked)
    known_already = house.wishes.rehearsal(spec, ask=False)
    assert ([], (), True) == (known.asked[asked:], known_already.uploads, known_already.price is not None)
    assert "ml.m5.large" == found.request["ResourceConfig"]["InstanceType"]  # type: ignore[index, call-overload]
