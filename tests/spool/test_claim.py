"""An attempt is claimed once, and a dead supervisor is known to be dead."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_training.spool import claim, identity, layout

SOURCE = str(Path(claim.__file__).parents[2])


def test_of_many_who_claim_at_once_one_succeeds(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: claim.take(tmp_path, "token"), range(64)))
    assert 1 == answers.count(True)
    assert claim.is_taken(tmp_path)


def test_the_owner_is_on_record(tmp_path: Path) -> None:
    claim.take(tmp_path, "token")
    assert {**identity.own()._asdict(), "token": "token", "role": "supervisor"} == claim.owner(tmp_path)
    assert not claim.is_void(tmp_path)


def test_nothing_is_claimed_at_first(tmp_path: Path) -> None:
    assert not claim.is_taken(tmp_path)
    assert not claim.is_void(tmp_path)
    assert claim.owner(tmp_path) is None
    assert not claim.supervisor_alive(tmp_path)


def test_what_was_given_up_is_never_run_and_giving_up_may_be_repeated(tmp_path: Path) -> None:
    assert claim.void(tmp_path, "token")
    assert not claim.take(tmp_path, "token")
    assert claim.void(tmp_path, "token")
    assert claim.is_void(tmp_path)


def test_what_is_claimed_can_not_be_given_up(tmp_path: Path) -> None:
    claim.take(tmp_path, "token")
    assert not claim.void(tmp_path, "token")


def test_a_claim_whose_maker_died_before_its_record_is_a_claim(tmp_path: Path) -> None:
    (tmp_path / layout.CLAIM).mkdir()
    assert claim.is_taken(tmp_path)
    assert not claim.take(tmp_path, "token")
    assert not claim.void(tmp_path, "token")


def test_one_supervisor_at_a_time(tmp_path: Path) -> None:
    held = claim.lock(tmp_path)
    assert held is not None
    assert claim.supervisor_alive(tmp_path)
    assert claim.lock(tmp_path) is None
    os.close(held)
    again = claim.lock(tmp_path)
    assert again is not None
    os.close(again)


def test_a_supervisor_killed_with_kill_9_is_dead_and_its_lock_free(tmp_path: Path) -> None:
    code = textwrap.dedent("""
        import sys, signal
        sys.path.insert(0, sys.argv[1])
        from jupyter_training.spool import claim
        held = claim.lock(sys.argv[2])
        print("held", flush=True)
        signal.pause()
    """)
    words = [sys.executable, "-c", code, SOURCE, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert claim.supervisor_alive(tmp_path)
        assert claim.lock(tmp_path) is None
        process.kill()
    assert not claim.supervisor_alive(tmp_path)
    held = claim.lock(tmp_path)
    assert held is not None
    os.close(held)


def test_a_damaged_mark_is_nobody(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"pid": "x", "start_time": null, "boot_id": 3}', '{"pid": -1}'):
        (tmp_path / layout.SUPERVISOR).write_text(text)
        assert not claim.supervisor_alive(tmp_path)
