"""What ``db gc`` lets go, and what it must never touch."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, JobSpec, Origin, Submission
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.services import bundle
from jupyter_training.services import data as services_data
from jupyter_training.services.site import Site
from jupyter_training.services.tidy import tidy
from jupyter_training.settings import Settings
from jupyter_training.store import facts, lease, verbs, views, wishes

DAY = 86_400.0
NOW = time.time()  # files have the times of this machine's clock


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site.open(Settings(home=tmp_path / "home", keep_spool_days=7)) as opened:
        opened.clock = lambda: NOW
        yield opened


def submitted(site: Site, name: str, *, ago: float, code: bytes = b"x = 1\n", data: tuple[str, ...] = ()) -> JobId:
    """A job with its code and data, submitted so many days ago."""
    files = bundle.keep({"train.py": code}, site.settings.blobs)
    taken = [{"name": f"d{place}", "kind": "npy", "sha256": one, "size": 1} for place, one in enumerate(data)]
    entry = {"kind": "script", "path": "train.py"}
    spec = JobSpec.model_validate({"name": name, "entry": entry, "files": files, "data": taken})
    wish = Submission(f"key-of-{name}", spec, Origin("ada"))
    (stored,) = wishes.submit(site.store, [wish], new_id=site.new_id, now=Instant(NOW - ago * DAY))
    return stored.job.id


def canceled(site: Site, name: str, *, ago: float, code: bytes = b"x = 1\n") -> JobId:
    """A job that was canceled so many days ago, before it had an attempt."""
    job = submitted(site, name, ago=ago, code=code)
    when = Instant(NOW - ago * DAY)
    verbs.wish(site.store, [job], Verb.CANCEL, now=when)
    holder = lease.Holder("here", 1, 1, "boot")
    term = lease.take(site.store, holder, ttl=60, boot_now=0, alive=lambda _: False)
    assert term is not None
    facts.finished(site.store, term.epoch, job, EndReason.CANCELED, when)
    return job


def folders(site: Site, job: str) -> tuple[Path, Path]:
    """A spool and an output folder of a job, with something in them."""
    found = (site.settings.spool_root / job, site.settings.outputs / job)
    for folder in found:
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "content").write_text("x" * 5000)
    return found


def test_old_jobs_go_with_their_folders_and_young_ones_stay(site: Site) -> None:
    old, young, waiting = canceled(site, "old", ago=40), canceled(site, "young", ago=1), submitted(site, "w", ago=90)
    gone, kept, live = (folders(site, job) for job in (old, young, waiting))
    done = tidy(site, keep_days=30)
    assert (1, True) == (done.jobs, done.bytes >= 10_000)
    assert [False, False, True, True, True, True] == [path.exists() for path in (*gone, *kept, *live)]
    assert {young, waiting} == {job.id for job in views.jobs(site.store, [old, young, waiting])}


def test_nothing_is_removed_that_nobody_asked_to_remove(site: Site) -> None:
    old = canceled(site, "old", ago=4000)
    spool, outputs = folders(site, old)
    assert 0 == tidy(site).jobs
    assert outputs.exists()
    assert not spool.exists(), "a spool goes after its own time"


def test_a_spool_stays_for_its_time(site: Site) -> None:
    job = canceled(site, "recent", ago=6)
    spool, _ = folders(site, job)
    assert 0 == tidy(site).spools
    assert spool.exists()
    site.settings = replace(site.settings, keep_spool_days=5)
    assert 1 == tidy(site).spools
    assert not spool.exists()


def test_folders_of_jobs_that_the_store_does_not_know_are_left_alone(site: Site) -> None:
    spool, outputs = folders(site, "zzzzzzzzzz")
    assert 1 == tidy(site, keep_days=1).strangers
    assert spool.exists()
    assert outputs.exists()


def test_code_goes_when_no_job_has_it_and_it_is_not_fresh(site: Site) -> None:
    canceled(site, "old", ago=40, code=b"old = 1\n")
    submitted(site, "live", ago=40, code=b"live = 1\n")
    before = {path.name for path in site.settings.blobs.iterdir()}
    assert 2 == len(before)
    assert 0 == tidy(site, keep_days=30).blobs, "what was written a moment ago may belong to a submit under way"
    for path in site.settings.blobs.iterdir():
        os.utime(path, (NOW - 2 * DAY, NOW - 2 * DAY))
    assert 1 == tidy(site, keep_days=30).blobs
    (left,) = site.settings.blobs.iterdir()
    assert b"live = 1\n" == left.read_bytes()


def test_data_go_when_no_job_has_them_and_they_are_not_fresh(site: Site) -> None:
    kept, lost = (services_data.store(site, sha256(one).hexdigest(), one).sha256 for one in (b"a", b"b"))
    submitted(site, "live", ago=40, data=(kept,))
    half = site.settings.data / ".coming-cut-off"
    half.write_bytes(b"half")
    assert 0 == tidy(site).data, "what was sent a moment ago may belong to a submit that follows"
    for path in site.settings.data.iterdir():
        os.utime(path, (NOW - 2 * DAY, NOW - 2 * DAY))
    assert 2 == tidy(site).data
    assert [kept] == [path.name for path in site.settings.data.iterdir()]
    assert lost not in {path.name for path in site.settings.data.iterdir()}


def test_code_that_is_submitted_again_counts_as_fresh(site: Site) -> None:
    submitted(site, "one", ago=40)
    (blob,) = site.settings.blobs.iterdir()
    os.utime(blob, (1, 1))
    submitted(site, "two", ago=0)
    assert time.time() - blob.stat().st_mtime < 3600


def test_a_link_in_an_output_folder_leads_nobody_out_of_it(site: Site, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("x")
    old = canceled(site, "old", ago=40)
    _, outputs = folders(site, old)
    (outputs / "link").symlink_to(precious)
    tidy(site, keep_days=30)
    assert not outputs.exists()
    assert (precious / "data").exists()


def test_of_an_output_folder_that_is_a_link_the_link_goes(site: Site, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_bytes(bytes(1_000_000))
    outputs = site.settings.outputs / canceled(site, "old", ago=40)
    outputs.parent.mkdir(exist_ok=True)
    outputs.symlink_to(precious)
    done = tidy(site, keep_days=30)
    assert (1, True) == (done.jobs, done.bytes < 1_000_000)
    assert not outputs.is_symlink()
    assert (precious / "data").exists()


def test_secret_values_stay_while_their_job_has_not_ended(site: Site) -> None:
    submitted(site, "waits", ago=3)
    canceled(site, "ended", ago=3)
    site.settings.secrets.mkdir()
    files = {name: site.settings.secrets_file(f"key-of-{name}") for name in ("waits", "ended", "never-stored")}
    young = site.settings.secrets_file("key-of-one-under-way")
    for file in (*files.values(), young):
        file.write_text("{}")
    for file in files.values():
        os.utime(file, (NOW - 2 * DAY, NOW - 2 * DAY))
    tidy(site)
    assert {files["waits"], young} == set(site.settings.secrets.iterdir())
