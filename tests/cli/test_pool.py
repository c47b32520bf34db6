"""``pool`` from a shell: what it prints, what it refuses, and with which code it leaves."""

from __future__ import annotations

import json

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.resources import Allocation
from jupyter_training.schema import PoolList
from jupyter_training.store import facts
from tests.cli.conftest import Run
from tests.services.stage import Stage


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()]


def test_the_table_says_what_each_pool_has_and_what_of_it_is_in_use(stage: Stage, run: Run) -> None:
    assert 0 == run("pool", "add", "lab", "--gpus", "2", "--devices", "0,1", "--preemption", "on")[0]
    job = JobId(stage.submit(pool="lab").job.id)
    facts.begin(stage.site.store, stage.epoch, [(job, Allocation("lab", 1, ("1",)), "token")], stage.site.now())
    stage.submit(pool="lab")
    code, out, _ = run("pool", "list")
    assert 0 == code
    head, lab, local = rows(out)
    assert ["pool", "backend", "slots", "gpus", "waiting", "policy", "preemption", "default"] == [
        word.lower() for word in head
    ]
    assert ["lab", "local", "1/2", "1/2", "1", "priority", "on"] == lab
    assert ["local", "local", "0/2", "0", "priority", "off", "yes"] == local
    code, out, _ = run("pool", "set", "lab", "--slots", "0")
    assert "lab: 1 slot is in use and it has 0 now: what runs goes on, and nothing more starts.\n" in out


def test_every_value_can_be_said_and_changed(run: Run) -> None:
    words = "--slots 8 --devices GPU-1,GPU-2 --cpus 7.5 --memory 64G --policy fair-share --victim cheapest --aging 30m"
    code, out, _ = run("pool", "add", "lab", *words.split(), "--preemption", "on", "--default", "--json")
    assert 0 == code
    lab = PoolList.model_validate(json.loads(out)).pools[0]
    assert (8, ("GPU-1", "GPU-2"), 7.5, 64 * 10**9) == (lab.slots, lab.devices, lab.cpus, lab.memory)
    assert ("fair_share", "cheapest", 1800.0, True, True) == (
        *(lab.policy, lab.victim, lab.aging),
        *(lab.preemption, lab.is_default),
    )
    code, out, _ = run("pool", "set", "lab", "--gpus", "0", "--cpus", "0", "--memory", "0", "--aging", "off", "--json")
    lab = PoolList.model_validate(json.loads(out)).pools[0]
    assert (0, (), None, None, None, 8) == (code, lab.devices, lab.cpus, lab.memory, lab.aging, lab.slots)
    assert 0 == run("pool", "set", "local", "--default")[0]
    code, out, _ = run("pool", "remove", "lab", "--json")
    assert (0, ["local"]) == (code, [pool["name"] for pool in json.loads(out)["pools"]])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("add lab --gpus 2 --devices 0", 2, "gpus: it says 2, and devices names 1: 0."),
        ("add lab --policy fairshare", 2, "Did you mean 'fair-share'?"),
        ("add lab --cpus nan", 2, "--cpus: 'nan' is not a number."),
        ("add lab --memory lots", 2, "memory: 'lots' is not a size."),
        ("add lab --aging soon", 2, "aging: 'soon' is not a duration."),
        ("add lab --preemption maybe", 2, "neither on nor off"),
        ("add lab --slots -1", 2, "slots"),
        ("add lab --cpus x", 2, "is not a number"),
        ("add lab --devices 0,0", 2, "'0' is named twice"),
        ("add local --cpus 3", 3, "There is a pool 'local' already"),
        ("set lap --slots 2", 2, "There is no pool 'lap'"),
        ("set local", 2, "pool set needs what to set"),
        ("set local --slot 2", 2, "Did you mean --slots?"),
        ("remove local", 3, "this machine's own"),
        ("remove lap", 2, "There is no pool 'lap'"),
    ],
)
def test_what_can_not_be_is_refused_with_what_to_do(run: Run, words: str, code: int, said: str) -> None:
    found, out, err = run("pool", *words.split())
    assert (code, "", True) == (found, out, said in err), err
