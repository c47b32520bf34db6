"""Pools are made, changed, listed and removed; what is in use stays."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.local import machine
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.resources import Allocation, Capacity, Pool, Resources
from jupyter_training.errors import InvalidSpec, PoolExists, PoolInUse, UnknownPlugin, UnknownPool
from jupyter_training.schema import PoolRequest, PoolView
from jupyter_training.services import doctor, submit
from jupyter_training.services.pools import pools, remove_pool, set_pool, unused_gpus
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import facts, verbs, views
from jupyter_training.store import pools as pool_rows
from tests.services.searching import Searching
from tests.services.stage import Stage, request


def put(site: Site, name: str, **given: Any) -> Pool:
    set_pool(site, PoolRequest(name=name, **given))
    return views.pools(site.store)[name]


def shown(site: Site, name: str) -> PoolView:
    return next(pool for pool in pools(site).pools if pool.name == name)


def has(monkeypatch: pytest.MonkeyPatch, capacity: Capacity) -> None:
    """Let the machine have this."""
    monkeypatch.setattr(machine, "capacity", lambda: capacity)


def head(site: Site) -> int:
    return views.head(site.store)


# -- made and changed ------------------------------------------------------------------------------------------------


def test_a_pool_is_made_and_changed_and_the_same_again_is_nothing_new(stage: Stage) -> None:
    made = put(stage.site, "lab", gpus=2, devices=["0", "1"], is_new=True)
    assert Pool("lab", "local", 2, devices=("0", "1")) == made
    before = head(stage.site)
    assert made == put(stage.site, "lab", gpus=2, is_new=True)
    assert before == head(stage.site)
    assert replace(made, preemption=True) == put(stage.site, "lab", preemption=True, is_new=False)
    assert before < head(stage.site)


def test_making_one_that_is_there_otherwise_is_refused_with_the_difference(stage: Stage) -> None:
    put(stage.site, "lab", gpus=2, policy="fair-share")
    with pytest.raises(PoolExists) as refused:
        put(stage.site, "lab", slots=4, policy="priority", is_new=True)
    assert refused.value.detail == (
        "There is a pool 'lab' already, with slots 2 and not 4, policy fair-share and not priority."
    )
    assert "pool set" in (refused.value.hint or "")
    assert 2 == views.pools(stage.site.store)["lab"].slots


def test_changing_one_that_is_not_there_names_the_near_miss(stage: Stage) -> None:
    put(stage.site, "lab")
    with pytest.raises(UnknownPool, match="There is no pool 'labb'") as refused:
        put(stage.site, "labb", slots=4, is_new=False)
    assert "Did you mean 'lab'?" == refused.value.hint
    with pytest.raises(UnknownPlugin):
        put(stage.site, "lab", backend="lokal")


def test_pools_that_share_a_gpu_call_it_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, Capacity(2.0, devices=("0", "1"), uuids=("GPU-8f2c-11", "GPU-41ab-22")))
    put(stage.site, "lab", devices=["0"])
    put(stage.site, "night", devices=["0", "GPU-41ab"])
    with pytest.raises(InvalidSpec, match=r"devices: 0 and GPU-8f2c are the same GPU\."):
        put(stage.site, "day", devices=["GPU-8f2c"])
    with pytest.raises(InvalidSpec, match="devices: GPU-41ab and 1 are the same GPU"):
        put(stage.site, "lab", devices=["0", "1"])
    assert ("0",) == put(stage.site, "lab", devices=["0"]).devices


def test_only_one_pool_is_the_default(stage: Stage) -> None:
    put(stage.site, "lab", is_default=True)
    assert {"lab": True, "local": False} == {
        name: one.is_default for name, one in views.pools(stage.site.store).items()
    }


def test_a_pool_of_the_machine_is_as_large_as_it_is_and_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, Capacity(6.5, 32, ("0", "1")))
    with Site.open(Settings(home=tmp_path)) as site:
        local = views.pools(site.store)["local"]
        assert Pool("local", "local", 6, "priority", ("0", "1"), 6.5, 32, is_default=True, is_found=True) == local
        has(monkeypatch, Capacity(2.0, 16, ("1",)))
        assert put(site, "lab", gpus=1) == Pool("lab", "local", 1, devices=("1",))
    with Site.open(Settings(home=tmp_path)) as site:
        assert 6 == views.pools(site.store)["local"].slots  # a short command does not look
        site.follow_machine()
        assert ("1",) == views.pools(site.store)["local"].devices
        assert not put(site, "local", slots=5).is_found
        site.follow_machine()
        assert 5 == views.pools(site.store)["local"].slots
        assert 2 == put(site, "local", is_found=True).slots


# -- the settings ----------------------------------------------------------------------------------------------------


def test_pools_of_the_settings_are_there_and_only_the_settings_change_them(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[pools.lab]\ngpus = 2\npolicy = "fair-share"\ndefault = true\n')
    with Site.open(Settings.load(tmp_path)) as site:
        lab = views.pools(site.store)["lab"]
        assert Pool("lab", "local", 2, "fair_share", ("0", "1"), is_default=True) == lab
        with pytest.raises(InvalidSpec, match="gpus: the settings say what it is") as refused:
            put(site, "lab", gpus=1)
        assert "[pools.lab] in" in (refused.value.hint or "")
        assert put(site, "lab", preemption=True).preemption
        with pytest.raises(PoolInUse, match="said in the settings"):
            remove_pool(site, "lab")
    (tmp_path / "settings.toml").write_text("[pools.lab]\ngpus = 1\n")
    with Site.open(Settings.load(tmp_path)) as site:
        assert ("0",) == views.pools(site.store)["lab"].devices


def test_the_slots_of_a_setting_count_and_are_not_changed_beside_it(stage: Stage) -> None:
    with pytest.raises(InvalidSpec, match="slots: the settings say") as refused:
        put(stage.site, "local", slots=3)
    assert "Change local_slots in" in (refused.value.hint or "")
    assert 2 == put(stage.site, "local", is_found=True).slots == stage.site.settings.local_slots


def test_a_mistake_in_the_settings_names_the_pool_and_the_key(tmp_path: Path) -> None:
    for text, words in (
        ('[pools.lab]\nslots = "two"\n', r"pools\.lab: slots: it must be"),
        ("[pools.lab]\nslotz = 2\n", r"pools\.lab: slotz: no pool has such a thing"),
        ("pools = 3\n", r"pools must be tables by name"),
        ('[pools.lab]\nbackend = "lokal"\n', "There is no backend 'lokal'"),
    ):
        (tmp_path / "settings.toml").write_text(text)
        with pytest.raises((InvalidSpec, UnknownPlugin), match=words):
            Site.open(Settings.load(tmp_path))


def test_the_environment_says_pools_as_json_and_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text("local_slots = 2\n[pools.lab]\ngpus = 2\n[pools.other]\nslots = 1\n")
    monkeypatch.setenv("JUPYTER_TRAINING_POOLS", '{"lab": {"slots": 3}}')
    monkeypatch.setenv("JUPYTER_TRAINING_LOCAL_SLOTS", "4")
    settings = Settings.load(tmp_path, pools={"traits": {"slots": 7}})
    assert {"lab": {"slots": 3}, "other": {"slots": 1}, "traits": {"slots": 7}} == settings.pools
    assert 4 == settings.local_slots
    monkeypatch.setenv("JUPYTER_TRAINING_POOLS", "{lab")
    with pytest.raises(InvalidSpec, match="JUPYTER_TRAINING_POOLS is not valid JSON"):
        Settings.load(tmp_path)


# -- listed ----------------------------------------------------------------------------------------------------------


def begin(stage: Stage, pool: str, devices: tuple[str, ...], slots: int = 1) -> str:
    job = stage.submit(pool=pool, name=f"job{uuid.uuid4().hex[:6]}").job.id
    given = Allocation(pool, slots, devices)
    facts.begin(stage.site.store, stage.epoch, [(JobId(job), given, uuid.uuid4().hex)], stage.site.now())
    return job


def test_what_is_in_use_is_listed_and_shared_devices_are_free_for_nobody(stage: Stage) -> None:
    put(stage.site, "lab", devices=["0", "1"])
    put(stage.site, "night", devices=["1", "2"])
    first = begin(stage, "lab", ("1",))
    stage.submit(pool="lab")
    lab, night = shown(stage.site, "lab"), shown(stage.site, "night")
    assert (1, 1, 1, ("0",)) == (lab.used, lab.running, lab.queued, lab.free_devices)
    assert (0, 0, 0, ("2",)) == (night.used, night.running, night.queued, night.free_devices)
    stage.end(first, EndReason.COMPLETED)
    assert ("1", "2") == shown(stage.site, "night").free_devices


def test_a_pool_that_shrank_below_what_runs_says_that_nothing_more_starts(stage: Stage) -> None:
    put(stage.site, "lab", slots=3)
    begin(stage, "lab", ())
    begin(stage, "lab", ())
    assert shown(stage.site, "lab").note is None
    put(stage.site, "lab", slots=1)
    words = "2 slots are in use and it has 1 now: what runs goes on, and nothing more starts."
    assert words == shown(stage.site, "lab").note


# -- removed ---------------------------------------------------------------------------------------------------------


def test_a_pool_is_removed_when_nothing_is_left_in_it(stage: Stage) -> None:
    put(stage.site, "lab", slots=9)
    running, waiting, paused = begin(stage, "lab", ()), stage.submit(pool="lab").job.id, stage.submit(pool="lab").job.id
    verbs.wish(stage.site.store, [JobId(paused)], Verb.PAUSE, now=stage.site.now())
    with pytest.raises(PoolInUse) as refused:
        remove_pool(stage.site, "lab")
    assert "The pool 'lab' is in use: of its jobs 1 runs, 1 waits and 1 is paused." == refused.value.detail
    assert "Move what waits" in (refused.value.hint or "")
    stage.end(running, EndReason.COMPLETED)
    for job in (waiting, paused):
        facts.finished(stage.site.store, stage.epoch, JobId(job), EndReason.CANCELED, stage.site.now())
    assert ["local"] == [pool.name for pool in remove_pool(stage.site, "lab").pools]
    with pytest.raises(UnknownPool):
        remove_pool(stage.site, "lab")


def test_a_job_that_was_moved_away_while_it_ran_still_keeps_the_pool(stage: Stage) -> None:
    put(stage.site, "lab")
    job = begin(stage, "lab", ())
    with stage.site.store.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET pool = 'local'")
    with pytest.raises(PoolInUse, match="1 runs"):
        pool_rows.remove(stage.site.store, "lab", now=stage.site.now())
    assert job


def test_a_pool_stays_while_a_search_puts_its_trials_there(stage: Stage) -> None:
    put(stage.site, "lab", slots=9)
    search = Searching(stage, name="hunt", pool="lab")
    search.drive()
    with pytest.raises(PoolInUse) as refused:
        remove_pool(stage.site, "lab")
    assert f"The pool 'lab' is in use: 1 search puts its trials there: hunt ({search.id})." == refused.value.detail
    assert (
        f"Give the search another: jupyter training queue update {search.id} --resource-pool NAME" == refused.value.hint
    )
    stage.submit(pool="lab")
    with pytest.raises(PoolInUse, match=r"of its jobs 1 waits; 1 search puts its trials there: hunt \("):
        remove_pool(stage.site, "lab")


def test_a_pool_of_searches_goes_once_they_have_ended(stage: Stage) -> None:
    put(stage.site, "lab", slots=9)
    searches = [Searching(stage, name=f"hunt{n}", pool="lab") for n in range(5)]
    for one in searches:
        one.drive()
    with pytest.raises(PoolInUse, match=r"5 searches put their trials there: hunt0 \(.*\), hunt2 \(\w+\) and 2 more\."):
        remove_pool(stage.site, "lab")
    for one in searches:
        one.finish()
    assert "lab" not in [pool.name for pool in remove_pool(stage.site, "lab").pools]


def test_a_pool_that_is_removed_while_somebody_submits_gets_no_job(stage: Stage) -> None:
    """Nobody would start it, and nobody has been told."""
    put(stage.site, "lab", slots=1)
    checked = submit.wished(stage.site, request(pool="lab"), user="ada")
    remove_pool(stage.site, "lab")
    with pytest.raises(UnknownPool, match="There is no pool 'lab'; there is: local"):
        submit.stored(stage.site, checked, secrets={})
    assert [] == views.unfinished(stage.site.store)


def test_the_default_pool_and_this_machines_own_stay(stage: Stage) -> None:
    put(stage.site, "lab", is_default=True)
    with pytest.raises(PoolInUse, match="where jobs go that name none"):
        remove_pool(stage.site, "lab")
    with pytest.raises(PoolInUse, match="made anew at each start"):
        remove_pool(stage.site, "local")


# -- told ------------------------------------------------------------------------------------------------------------


def test_who_asks_for_no_gpu_of_a_pool_that_has_some_is_told() -> None:
    lab = Pool("lab", "local", 2, devices=("0", "1"))
    words = unused_gpus(lab, Resources())
    assert "The pool lab has 2 GPUs and this job asks for none, so it sees none; gpus=1 asks for one." == words
    assert unused_gpus(lab, Resources(gpus=1)) is None
    assert unused_gpus(Pool("local", "local", 2), Resources()) is None


@pytest.mark.parametrize(
    ("capacity", "status", "words"),
    [
        (Capacity(2.0), "ok", "lab: 2 slots, 2 GPUs (0,1)"),
        (Capacity(2.0, devices=("0", "1", "2")), "ok", "lab"),
        (Capacity(2.0, devices=("GPU-1", "GPU-2")), "ok", "lab"),
        (Capacity(2.0, devices=("0", "1"), uuids=("GPU-1", "GPU-1")), "warn", "0 and 1 are the same GPU."),
        (Capacity(2.0, devices=("0",)), "warn", "1 GPU of lab can't be seen here: 1. There is: 0."),
        (Capacity(2.0, fault="NVIDIA's driver does not say: 18"), "warn", "does not say: 18."),
    ],
)
def test_the_doctor_compares_pools_with_the_machine(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capacity: Capacity, status: str, words: str
) -> None:
    put(stage.site, "lab", devices=["0", "1"])
    has(monkeypatch, capacity)
    (check,) = (one for one in doctor.examine(stage.site.settings) if one.name == "pools")
    assert (status, True) == (check.status, words in check.sentence), check
    assert (status == "ok") == (check.fix is None)


def test_the_doctor_tells_of_gpus_that_no_pool_gives_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, Capacity(2.0, devices=("0", "1")))
    (check,) = (one for one in doctor.examine(stage.site.settings) if one.name == "pools")
    assert ("warn", "jupyter training pool set local --found") == (check.status, check.fix)
    assert "This machine has 2 GPUs, which no pool gives out." in check.sentence
