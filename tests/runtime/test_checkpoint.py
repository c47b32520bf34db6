"""A checkpoint is there as a whole or not at all, and what the code may do with it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jupyter_training.spool import checkpoints, tail
from tests.runtime.counting import counting
from tests.runtime.saving import Job


def test_what_was_saved_is_on_disk_in_the_log_of_events_and_hashed(tmp_path: Path) -> None:
    job = counting(tmp_path)
    answer = job.attempt().run()
    assert (0, "10\n", "") == (answer.returncode, answer.stdout, answer.stderr)
    assert ["step-000000005.1", "step-000000010.1"] == job.names
    folder = job.folder / "step-000000010.1"
    manifest = json.loads((folder / "manifest.json").read_text())
    content = (folder / "state.json").read_bytes()
    files = [{"path": "state.json", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}]
    assert (1, "job", 1, 10, "json", {"loss": 10.0}, files) == tuple(
        manifest[key] for key in ("version", "job", "attempt", "step", "kind", "metrics", "files")
    )
    ((_, step, name, about),) = job.attempts[0].events("c")[1:]
    assert (10, "step-000000010.1") == (step, name)
    assert about == {
        "size": len(content),
        "files": 1,
        "sha256": checkpoints.digest(folder / "manifest.json"),
        "place": None,
        "kind": "json",
        "metrics": {"loss": 10.0},
        "seconds": about["seconds"],
    }
    assert [["r", None, None]] == job.attempts[0].events("r")
    assert (job.attempts[0].folder / "saves").exists()


def test_the_next_attempt_goes_on_from_it_with_its_counter(tmp_path: Path) -> None:
    """`retry` goes on to the same end; `resume` adds as many steps once more."""
    job = counting(tmp_path, 7)
    assert "7\n" == job.attempt().run().stdout
    assert "7\n" == job.attempt().run().stdout
    job.checkpoints["base"] = 5
    assert "12\n" == job.attempt().run().stdout
    assert [None, 5, 5] == job.starts()
    assert [(step, float(step)) for step in range(1, 13)] == job.losses()


def test_when_all_steps_are_done_there_is_nothing_left_to_do(tmp_path: Path) -> None:
    job = counting(tmp_path, 5)
    job.attempt().run()
    answer = job.attempt().run()
    assert ("5\n", True) == (answer.stdout, "nothing left to do: 5 of 5 steps are done" in answer.stderr)


def test_two_loops_share_their_steps(tmp_path: Path) -> None:
    code = """
    from jupyter_training import checkpoint
    found = checkpoint.latest()
    if found: found.load()
    for step in checkpoint.steps(3): print("warm", step)
    for step in checkpoint.steps(6):
        print("main", step)
        if step == 5 and not found: checkpoint.save([])
    """
    job = Job(tmp_path, code)
    assert "warm 1 warm 2 warm 3 main 4 main 5 main 6" == " ".join(job.attempt().run().stdout.splitlines())
    assert "main 6\n" == job.attempt().run().stdout


def test_the_last_step_is_due_whatever_the_span(tmp_path: Path) -> None:
    code = """
    from jupyter_training import checkpoint
    print(*[step for step in checkpoint.steps(7) if checkpoint.due(every=3)])
    print(*[step for step in checkpoint.steps(14) if checkpoint.every(3)])
    print(*[step for step in checkpoint.steps(21) if checkpoint.due()])
    print(checkpoint.due(7, every=3))
    """
    answer = Job(tmp_path, code).attempt().run()
    assert ["3 6 7", "9 12", "21", "False"] == answer.stdout.splitlines()


def test_sigterm_waits_until_a_checkpoint_is_whole(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        import os, signal
        from jupyter_training import checkpoint
        from jupyter_training.runtime.checkpoint import commit
        put = commit._put
        def asked_to_leave(*args):
            os.kill(os.getpid(), signal.SIGTERM)
            return put(*args)
        commit._put = asked_to_leave
        try:
            checkpoint.save({"a": 1}, step=3)
        finally:
            print("left")
        print("not reached")
        """,
    )
    answer = job.attempt().run()
    assert (143, "left\n") == (answer.returncode, answer.stdout)
    assert [3] == [one["step"] for one in job.candidates()]


# -- on a full disk --------------------------------------------------------------------------------------------------


def test_on_a_full_disk_the_code_is_told_which_one_failed_and_the_older_ones_stand(tmp_path: Path) -> None:
    """The whole of it on a small file system in a namespace of its own."""
    code = """
    from jupyter_training import checkpoint
    checkpoint.save(b"a" * 600_000, step=5)
    try:
        checkpoint.save(b"b" * 6_000_000, step=10)
    except checkpoint.NotSaved as error:
        print(error, error.errno)
    checkpoint.save(b"c" * 600_000, step=15)
    print(checkpoint.latest().step)
    """
    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from pathlib import Path
        from tests.runtime.saving import Job
        job = Job(Path({str(tmp_path)!r}), {code!r})
        answer = job.attempt().run()
        print(answer.stdout + answer.stderr, end="")
        print(job.names, job.attempts[0].events("n"))
        print([one["step"] for one in job.candidates()])
    """
    mount = f'mount -t tmpfs -o size=3m none "{tmp_path}" && exec "$@"'
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", sys.executable, "-c"]
    answer = subprocess.run([*words, textwrap.dedent(script)], capture_output=True, text=True, check=False)
    if "unshare:" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip("this machine allows no mounts in a namespace")
    sentence = (
        f"The checkpoint of step 10 could not be saved in {tmp_path}/checkpoints/job: No space left on device."
        " The older ones stand, the last is step-000000005.1."
    )
    names = ["step-000000005.1", "step-000000015.1"]
    assert f"{sentence} 28\n15\n{names} {[['n', 'not_saved', sentence]]}\n[15, 5]\n" == answer.stdout, answer.stderr


# -- other ways to write -------------------------------------------------------------------------------------------


def test_a_folder_that_the_code_writes_itself_and_a_path_that_is_copied(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        import os
        from jupyter_training import checkpoint
        with checkpoint.write(step=1, metrics={"loss": 2, "bad": "text"}) as folder:
            (folder / "inner").mkdir()
            (folder / "inner" / "model.bin").write_bytes(b"model")
        found = checkpoint.latest()
        print(found.step, found.metrics, (found.load() / "inner" / "model.bin").read_bytes())
        os.makedirs("mine/deep")
        open("mine/deep/a", "w").write("a")
        open("one", "w").write("1")
        print(checkpoint.save("mine", step=2).name)
        print(sorted(p.name for p in checkpoint.latest().load().rglob("*")))
        from pathlib import Path
        checkpoint.save(Path("one"), step=3)
        print(checkpoint.latest().load().read_text())
        """,
    )
    answer = job.attempt().run()
    assert (
        "1 {'loss': 2.0} b'model'\nstep-000000002.1\n['a', 'deep']\n1\n",
        "jupyter_training: the checkpoint's metric 'bad' is no number and is left out.\n",
    ) == (answer.stdout, answer.stderr)
    assert ["folder", "path", "path"] == [event[3]["kind"] for event in job.attempts[0].events("c")]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("checkpoint.save({}, step=-1)", "ValueError: step=-1: the step of a checkpoint is a whole number from 0 on"),
        ("checkpoint.save({}, step='a')", "ValueError: step='a'"),
        ("checkpoint.save({}, step=True)", "ValueError: step=True"),
        ("checkpoint.save({})", "ValueError: the checkpoint needs its step"),
        ("checkpoint.save('missing', step=1)", "FileNotFoundError: there is no file or folder 'missing' to save"),
        ("checkpoint.save({'a': [1, {2}]}, step=1)", "TypeError: state['a']['1'] is a set, which a"),
        ("checkpoint.save({'f': print}, step=1)", "TypeError: state['f'] is a builtin_function_or_method"),
        ("a = []; a.append(a); checkpoint.save(a, step=1)", "TypeError: the state contains itself"),
        ("checkpoint.save({'a': dict}, step=1)", "TypeError: state['a'] is a type, which a checkpoint can't keep"),
        ("checkpoint.every(0, 5)", "ValueError: say after how many steps or how long"),
        ("checkpoint.every(5, minutes=1)", "ValueError: say after how many steps or how long"),
        ("checkpoint.steps(-1)", "ValueError: steps(-1): the number of steps can't be below 0."),
    ],
)
def test_wrong_use_is_said_where_it_is_and_leaves_nothing(tmp_path: Path, call: str, error: str) -> None:
    job = Job(tmp_path, f"from jupyter_training import checkpoint\n{call}\n")
    answer = job.attempt().run()
    assert 1 == answer.returncode
    assert error in answer.stderr
    assert [] == job.names


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            "(folder / 'manifest.json').write_text('mine')",
            "ValueError: a file of a checkpoint can't be called manifest",
        ),
        ("(folder / 'a').symlink_to('/etc/passwd')", "ValueError: a is a link, pipe or device"),
        ("(folder / 'a').symlink_to('/etc')", "ValueError: a is a link, pipe or device"),
        ("import os; os.mkfifo(folder / 'a')", "ValueError: a is a link, pipe or device"),
        ("(folder / 'a').write_text('a'); raise KeyError('mine')", "KeyError: 'mine'"),
        ("open('no/such/file')", "FileNotFoundError: [Errno 2] No such file or directory: 'no/such/file'"),
    ],
)
def test_what_goes_wrong_in_the_codes_own_block_is_its_own_and_leaves_nothing(
    tmp_path: Path, body: str, error: str
) -> None:
    code = f"from jupyter_training import checkpoint\nwith checkpoint.write(step=1) as folder:\n    {body}\n"
    job = Job(tmp_path, code)
    answer = job.attempt().run()
    assert (1, True, []) == (answer.returncode, error in answer.stderr, job.names)
    assert "contextlib" not in answer.stderr
    assert [] == job.attempts[0].events("c")


def test_the_same_step_twice_is_two_checkpoints_and_the_later_counts(tmp_path: Path) -> None:
    code = """
    from jupyter_training import checkpoint
    checkpoint.save([1], step=1)
    checkpoint.save([2], step=1)
    """
    job = Job(tmp_path, code)
    job.attempt().run()
    assert ["step-000000001.1", "step-000000001.1.2"] == job.names
    answer = Job(
        tmp_path, "from jupyter_training import checkpoint\nprint(checkpoint.latest().load())", attempts=job.attempts
    )
    assert "[2]\n" == answer.attempt().run().stdout


SWEPT = """
import shutil
from jupyter_training import checkpoint
from jupyter_training.runtime.checkpoint import naming
saved = [checkpoint.save([step], step=step) for step in (1, 2, 3)]
for folder in saved[:2]:
    shutil.rmtree(folder)
LOST
saved += [checkpoint.save([step], step=step) for step in (1, 2, 4)]
shutil.rmtree(saved[3])
saved += [checkpoint.save([step], step=step) for step in (1, 9)]
print(*(folder.name[12:] for folder in saved))
"""


@pytest.mark.parametrize(
    "lost", ["", "naming._last = (0, 0, 0)"], ids=["in one process", "in one that was started again"]
)
def test_no_name_is_given_twice_though_the_first_of_it_was_removed(tmp_path: Path, lost: str) -> None:
    answer = Job(tmp_path, SWEPT.replace("LOST", lost)).attempt().run()
    assert ("01.1 02.1 03.1 01.1.2 02.1.2 04.1.2 01.1.3 09.1.3\n", "") == (answer.stdout, answer.stderr)


def test_where_the_record_of_names_is_lost_what_the_order_knows_is_not_given_either(tmp_path: Path) -> None:
    """A container that was started anew has what was copied of the folder, and no attempt's folder."""
    job = Job(tmp_path, "from jupyter_training import checkpoint\nprint(checkpoint.save([1], step=3).name)")
    job.checkpoints["known"] = ["step-000000001.1", "step-000000003.1"]
    assert "step-000000003.1.2\n" == job.attempt().run().stdout


def test_what_is_committed_later_is_later_whatever_the_clock_does(tmp_path: Path) -> None:
    code = """
    import time
    from jupyter_training import checkpoint
    checkpoint.save([1], step=1)
    ns, s = time.time_ns, time.time
    time.time_ns, time.time = (lambda: ns() - 3_600_000_000_000), (lambda: s() - 3600.0)
    checkpoint.save([2], step=2)
    """
    job = Job(tmp_path, code)
    assert 0 == job.attempt().run().returncode
    events = [event for page in tail.pages(job.attempts[0].folder) for event in tail.read(page, 0, final=True)[0]]
    first, second = (event[1] / 1e6 for event in events if event[0] == "c")
    manifests = [json.loads((job.folder / name / "manifest.json").read_text())["time"] for name in job.names]
    assert manifests[0] < first < manifests[1] < second


# -- what else the code does -----------------------------------------------------------------------------------------


def test_code_that_takes_the_steps_and_loads_nothing_is_told(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        from jupyter_training import checkpoint
        for step in checkpoint.steps(2): checkpoint.save([step])
        """,
    )
    assert "" == job.attempt().run().stderr
    job.checkpoints["base"] = 2
    assert "the steps go on after 2, but the code has not loaded step-000000002.1" in job.attempt().run().stderr
    assert [None, 2] == job.starts()


def test_it_costs_a_job_nothing_that_does_not_use_it(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        import sys
        from jupyter_training import report, should_stop
        report(loss=1.0); should_stop()
        print([name for name in sys.modules if "checkpoint" in name or name in ("hashlib", "shutil", "pathlib")])
        """,
    )
    assert "[]\n" == job.attempt().run().stdout
    assert not (job.attempts[0].folder / "saves").exists()
    assert not job.folder.exists()


def test_forks_of_the_code_may_save_too(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        import os
        from jupyter_training import checkpoint
        checkpoint.save([0], step=1)
        if os.fork() == 0:
            checkpoint.save([1], step=2)
            os._exit(0)
        os.wait()
        print(checkpoint.latest().load())
        """,
    )
    answer = job.attempt().run()
    assert (["step-000000001.1", "step-000000002.1"], 2) == (job.names, len(job.attempts[0].events("c")))
    assert "[1]\n" == answer.stdout


def test_the_temporary_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    job = counting(tmp_path)
    (job.folder / ".tmp-1-1-1").mkdir(parents=True)
    (job.folder / ".tmp-0-1-1").mkdir()
    job.attempt().run()
    assert [".tmp-1-1-1", "step-000000005.1", "step-000000010.1"] == job.names


def test_a_draft_of_a_process_of_the_same_number_is_in_nobodys_way(tmp_path: Path) -> None:
    """In a container that was started anew for the same attempt, the code has the number that it had in the last."""
    job = Job(
        tmp_path,
        """
        import os, pathlib
        from jupyter_training import checkpoint
        where = checkpoint.save({"a": 1}, step=1).parent
        for number in range(9):
            (where / f".tmp-1-{os.getpid()}-{number}").mkdir()
        print(checkpoint.save({"a": 2}, step=2).name)
        """,
    )
    assert "step-000000002.1\n" == job.attempt().run().stdout


def test_the_marks_of_a_service_that_copies_meanwhile_are_no_part_of_it(tmp_path: Path) -> None:
    """They stand in the folder that is written, and come and go in it at any moment."""
    job = Job(
        tmp_path,
        """
        import os, threading
        from jupyter_training import checkpoint
        def copied(path, done):
            while not done.is_set():
                for mark in (".sagemaker-uploading", ".sagemaker-uploaded"):
                    try:
                        open(path + mark, "w").close()
                        os.unlink(path + mark)
                    except OSError:
                        pass
        for step in range(1, 21):
            done = threading.Event()
            with checkpoint.write(step=step) as folder:
                (folder / ".inner").mkdir()
                for name in ("a", ".inner/b"):
                    (folder / name).write_text(name)
                (folder / "a.sagemaker-uploaded").touch()
                (folder / ".inner" / "b.sagemaker-uploading").touch()
                copying = threading.Thread(target=copied, args=(str(folder / "c"), done), daemon=True)
                copying.start()
            done.set()
            copying.join()
        checkpoint.save(folder.parent / "step-000000020.1", step=21)
        """,
    )
    answer = job.attempt().run()
    assert (0, "") == (answer.returncode, answer.stderr)
    for name in job.names:
        files = [one["path"] for one in json.loads((job.folder / name / "manifest.json").read_text())["files"]]
        assert ["a", ".inner/b"] == files or name == "step-000000021.1"
        assert not [one for one in files if one.endswith((".sagemaker-uploading", ".sagemaker-uploaded"))]
    for mark in [*job.folder.rglob("*.sagemaker-*")]:
        mark.unlink()
    assert [None] * 21 == [checkpoints.fault(job.folder / name) for name in job.names]
