"""The job that a person means by what they typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.errors import AmbiguousJob, UnknownJob
from jupyter_training.settings import Settings
from jupyter_training.store import views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission
from tests.store import postgres
from tests.store.conftest import Bench


def stored(bench: Bench, job_id: str, name: str = "digits", **more: str) -> Job:
    submission = a_submission(name, **more)  # type: ignore[arg-type]
    (answer,) = wishes.submit(bench.store, [submission], new_id=lambda: JobId(job_id), now=bench.now)
    return answer.job


def find(bench: Bench, text: str, user: str = "ada", notebook: str | None = None) -> str:
    return views.find(bench.store, text, user=user, notebook=notebook).id


def test_an_id_and_a_unique_prefix_of_three_find_the_job(bench: Bench) -> None:
    stored(bench, "abcdefghij")
    stored(bench, "abzzzzzzzz")
    assert "abcdefghij" == find(bench, "abcdefghij") == find(bench, "abc") == find(bench, " ABCD ")


def test_a_prefix_is_found_whatever_language_the_server_speaks(server: postgres.Cluster, tmp_path: Path) -> None:
    """English sorts brackets before letters."""
    import psycopg

    try:
        server.run("CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    except psycopg.Error:
        pytest.skip("this PostgreSQL knows no languages (ICU)")
    with Store.open(Settings(home=tmp_path / "home", store_url=server.url("english"))) as store:
        english = Bench(store)
        stored(english, "abcdefghij")
        stored(english, "abdzzzzzzz")
        assert "abcdefghij" == find(english, "abc") == find(english, "abcdefghi")
        assert "abdzzzzzzz" == find(english, "abd")


def test_two_letters_are_no_prefix(bench: Bench) -> None:
    stored(bench, "abcdefghij")
    with pytest.raises(UnknownJob):
        find(bench, "ab")


def test_a_prefix_of_several_names_them(bench: Bench) -> None:
    stored(bench, "abcaaaaaaa", "first")
    stored(bench, "abcbbbbbbb", "second")
    with pytest.raises(AmbiguousJob, match=r"abcbbbbbbb \(second\), abcaaaaaaa \(first\)"):
        find(bench, "abc")


def test_a_name_finds_its_newest_job_and_the_users_own_first(bench: Bench) -> None:
    stored(bench, "aaaaaaaaaa", "net", user="ada")
    stored(bench, "bbbbbbbbbb", "net", user="ada")
    stored(bench, "cccccccccc", "net", user="bob")
    assert "bbbbbbbbbb" == find(bench, "net")
    assert "cccccccccc" == find(bench, "net", user="eve")


def test_a_name_is_found_among_many_jobs_of_a_user_as_fast_as_among_few(local: Bench) -> None:
    """By the index of names: SQLite takes as few steps among 1,500 jobs of a user as among 30."""
    local.submit(*(a_submission(f"j{number}") for number in range(30)))
    others = a_submission("j7", user="bob")
    local.submit(others)
    few = [steps(local, text) for text in ("j5", "j7")]
    local.submit(*(a_submission(f"j{number}") for number in range(30, 1500)))
    assert [count + 20 > steps(local, text) for count, text in zip(few, ("j5", "j7"), strict=True)] == [True, True]


def steps(bench: Bench, name: str) -> int:
    """How many dozens of steps SQLite's machine takes to find the job of a name."""
    counted = 0

    def step() -> int:
        nonlocal counted
        counted += 1
        return 0

    def watch(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(step, 12)

    event.listen(bench.store.jobs.engine, "engine_connect", watch)
    find(bench, name)
    event.remove(bench.store.jobs.engine, "engine_connect", watch)
    return counted


def test_a_name_wins_over_a_prefix_and_an_id_over_a_name(bench: Bench) -> None:
    stored(bench, "netaaaaaaa", "other")
    stored(bench, "bbbbbbbbbb", "net")
    stored(bench, "cccccccccc", "netaaaaaaa")
    assert "bbbbbbbbbb" == find(bench, "net")
    assert "netaaaaaaa" == find(bench, "netaaaaaaa")


def test_last_is_this_notebooks_else_this_users(bench: Bench) -> None:
    stored(bench, "aaaaaaaaaa", notebook="a.ipynb", user="ada")
    stored(bench, "bbbbbbbbbb", notebook="b.ipynb", user="bob")
    stored(bench, "cccccccccc", user="ada")
    assert "aaaaaaaaaa" == find(bench, "last", notebook="a.ipynb")
    assert "cccccccccc" == find(bench, "last", notebook="never.ipynb")
    assert "bbbbbbbbbb" == find(bench, "last", user="bob")
    with pytest.raises(UnknownJob, match="no last job"):
        find(bench, "last", user="eve")


def test_a_near_miss_is_offered(bench: Bench) -> None:
    stored(bench, "aaaaaaaaaa", "transformer")
    with pytest.raises(UnknownJob, match="Did you mean 'transformer'"):
        find(bench, "transfromer")


@pytest.mark.parametrize("text", ["", "../etc", "abc%", "ab_", "\0", "\ud800", "a" * 5000, "{{{"])
def test_odd_texts_find_nothing(bench: Bench, text: str) -> None:
    stored(bench, "abcdefghij")
    with pytest.raises(UnknownJob):
        find(bench, text)
