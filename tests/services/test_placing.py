"""A backend stands for its pool, where that can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.core.job import Instant
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, UnknownPlugin
from jupyter_training.services.placing import pool_of
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import pools, views


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))
    site = Site.open(Settings.load())
    monkeypatch.setattr("jupyter_training.seams.registry.load", _installed)
    return site


def _installed(seam: str, name: str) -> None:
    if name not in ("local", "cloud", "cluster"):
        raise UnknownPlugin(f"There is no {seam[:-1]} {name!r}; there is: cloud, cluster, local.")


def add(site: Site, name: str, backend: str) -> None:
    pools.write(site.store, Pool(name, backend, 2), now=Instant(0.0))


def test_without_a_backend_the_pool_is_as_it_was_said(site: Site) -> None:
    assert ("local", "gpu") == (
        pool_of(views.pools(site.store), None, None),
        pool_of(views.pools(site.store), "gpu", None),
    )


def test_a_backend_s_only_pool_is_meant(site: Site) -> None:
    add(site, "rented", "cloud")
    assert "rented" == pool_of(views.pools(site.store), None, "cloud")
    assert "rented" == pool_of(views.pools(site.store), "rented", "cloud")


def test_of_several_the_one_of_its_name_is_meant(site: Site) -> None:
    add(site, "small", "local")
    assert "local" == pool_of(views.pools(site.store), None, "local")


@pytest.mark.parametrize(
    ("pool", "backend", "words", "hint"),
    [
        (None, "cluster", "'cluster' has no pool here; there is: local (local), one (cloud), two (cloud)", "pool add"),
        (None, "cloud", "'cloud' has several pools: one, two", "pool one"),
        ("local", "cloud", "the pool 'local' belongs to 'local'; there is: local (local)", "Leave one out."),
    ],
)
def test_what_can_not_be_told_is_refused_with_the_pools_there_are(
    site: Site, pool: str | None, backend: str, words: str, hint: str
) -> None:
    add(site, "one", "cloud")
    add(site, "two", "cloud")
    with pytest.raises(InvalidSpec) as caught:
        pool_of(views.pools(site.store), pool, backend)
    assert caught.value.detail.startswith(f"backend: {words}")
    assert hint in str(caught.value.hint)
    assert "backend" == caught.value.errors[0].key


def test_what_is_not_installed_is_said_of_the_key(site: Site) -> None:
    with pytest.raises(UnknownPlugin) as caught:
        pool_of(views.pools(site.store), None, "clod")
    assert "backend" == caught.value.errors[0].key
