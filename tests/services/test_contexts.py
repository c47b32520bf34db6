"""A context is kept as long as a job has it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.client.context import Packed, pack
from jupyter_training.core.job import ContextRef, Instant, JobSpec, Origin, Submission
from jupyter_training.errors import InvalidSpec, TooLarge
from jupyter_training.services import bundle, contexts
from jupyter_training.services.code import code
from jupyter_training.services.site import Site
from jupyter_training.services.tidy import tidy
from jupyter_training.settings import Settings
from jupyter_training.store import wishes

LONG_AGO = time.time() - 3 * 86_400


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site.open(Settings(home=tmp_path / "home", context_limit_bytes=100)) as opened:
        yield opened


def kept(site: Site, folder: Path, content: str) -> ContextRef:
    """The context of a folder with one file, sent long ago."""
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text(content)
    packed: Packed = pack(folder, lambda _: [], limit=10_000)
    site.settings.data.mkdir(parents=True, exist_ok=True)
    target = site.settings.data / packed.sha256
    target.write_bytes(packed.path.read_bytes())
    os.utime(target, (LONG_AGO, LONG_AGO))
    return ContextRef(sha256=packed.sha256, size=packed.size, files=packed.files)


def test_only_the_context_of_a_job_outlives_a_clean_up(site: Site, tmp_path: Path) -> None:
    used, unused = kept(site, tmp_path / "a", "used"), kept(site, tmp_path / "b", "unused")
    files = bundle.keep({"train.py": b"x = 1\n"}, site.settings.blobs)
    spec = JobSpec.model_validate(
        {"name": "digits", "entry": {"kind": "script", "path": "train.py"}, "files": files, "context": used}
    )
    wish = Submission("key-of-digits", spec, Origin("ada"))
    wishes.submit(site.store, [wish], new_id=site.new_id, now=Instant(time.time()))
    tidy(site)
    assert [used.sha256] == os.listdir(site.settings.data)
    assert unused.sha256 != used.sha256


def test_what_a_folder_that_was_sent_along_has_in_it_is_shown_with_the_code(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a" / "sub").mkdir(parents=True)
    (tmp_path / "a" / "sub" / "b.csv").write_text("1,2")
    (tmp_path / "a" / "link").symlink_to("a.txt")
    sent = kept(site, tmp_path / "a", "hello")
    files = bundle.keep({"train.py": b"x = 1\n"}, site.settings.blobs)
    spec = JobSpec.model_validate(
        {"name": "digits", "entry": {"kind": "script", "path": "train.py"}, "files": files, "context": sent}
    )
    wish = Submission("key-of-digits", spec, Origin("ada"))
    (made,) = wishes.submit(site.store, [wish], new_id=site.new_id, now=Instant(time.time()))
    shown = code(site, made.job.id).context
    assert shown is not None
    assert (3, sent.size) == (shown.files, shown.size)
    assert [("a.txt", 5, None), ("link", 0, "a.txt"), ("sub/b.csv", 3, None)] == [
        (one.path, one.size, one.target) for one in shown.listed or ()
    ]
    (site.settings.data / sent.sha256).unlink()
    gone = code(site, made.job.id).context
    assert gone is not None
    assert (3, None) == (gone.files, gone.listed)


def test_a_context_that_a_submit_names_is_not_tidied_away_before_the_job_is_there(site: Site, tmp_path: Path) -> None:
    named = kept(site, tmp_path / "a", "x")
    contexts.check(site, named)
    tidy(site)
    assert [named.sha256] == os.listdir(site.settings.data)


def test_the_limit_is_of_the_files_content(site: Site, tmp_path: Path) -> None:
    contexts.check(site, kept(site, tmp_path / "a", "x" * 100))
    with pytest.raises(TooLarge, match=r"Largest: 'a\.txt'"):
        contexts.check(site, kept(site, tmp_path / "b", "x" * 101))


def test_without_a_context_nothing_is_looked_at(site: Site) -> None:
    contexts.check(site, None)
    with pytest.raises(InvalidSpec, match="has not been sent"):
        contexts.check(site, ContextRef(sha256="0" * 64, size=1, files=1))
