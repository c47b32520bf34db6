"""What ``report()`` keeps, what it refuses, and that it never stands in the way."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.runtime import report as report_module
from tests.runtime.attempts import Attempt, attempt_in

SOURCE = str(Path(report_module.__file__).parents[2])


def reported(home: Path, code: str, **options: Any) -> Attempt:
    """An attempt whose script has run to its end."""
    attempt = attempt_in(home, "from jupyter_training import report\n" + textwrap.dedent(code), **options)
    answer = attempt.run()
    assert answer.returncode == 0, answer.stderr
    return attempt


@pytest.mark.parametrize(
    ("call", "step", "values"),
    [
        ("report(loss=0.5, step=3)", 3, {"loss": 0.5}),
        ("report(loss=0.5, accuracy=1, step=3)", 3, {"loss": 0.5, "accuracy": 1}),
        ("report(loss=0.5)", None, {"loss": 0.5}),
        ("report({'val/loss': 0.5}, step=3)", 3, {"val/loss": 0.5}),
        ("report({'loss': 0.5, 'step': 3})", 3, {"loss": 0.5}),
        ("report({'a': 1.0}, b=2.0)", None, {"a": 1, "b": 2}),
        ("report(epoch=3, loss=0.5)", 3, {"loss": 0.5}),
        ("report(epoch=3, loss=0.5, step=7)", 7, {"epoch": 3, "loss": 0.5}),
        ("report(epoch=3, global_step=70, iteration=5, loss=1.5)", 70, {"epoch": 3, "iteration": 5, "loss": 1.5}),
        ("report(epoch=2.5, loss=0.5)", None, {"epoch": 2.5, "loss": 0.5}),
        ("report(loss=0.5, step=3.0)", 3, {"loss": 0.5}),
        ("report(loss=0.5, step=-1)", -1, {"loss": 0.5}),
        (
            "report(loss=float('nan'), a=float('inf'), b=-float('inf'), c=None)",
            None,
            dict.fromkeys(("loss", "a", "b", "c")),
        ),
        ("report(done=True, failed=False)", None, {"done": 1, "failed": 0}),
        ("report(big=2**60, small=-2**70)", None, {"big": 2**60, "small": -(2**70)}),
        ("report(tiny=5e-324, large=1.7976931348623157e308)", None, {"tiny": 5e-324, "large": sys.float_info.max}),
        ("from decimal import Decimal; report(a=Decimal('0.5'))", None, {"a": 0.5}),
        ("from fractions import Fraction; report(a=Fraction(1, 4))", None, {"a": 0.25}),
        ("""report(**{'Verlust "ä€"': 1.0, 'a\\\\b': 2.0})""", None, {'Verlust "ä€"': 1, "a\\b": 2}),
    ],
)
def test_a_call_becomes_its_points(tmp_path: Path, call: str, step: int | None, values: dict[str, float]) -> None:
    attempt = reported(tmp_path, call)
    assert [(step, values)] == attempt.points()
    assert [] == attempt.events("n")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("report(loss='high', kept=1.0)", "loss"),
        ("report(loss=b'1', kept=1.0)", "loss"),
        ("report(loss=[1, 2], kept=1.0)", "loss"),
        ("report(loss={'a': 1}, kept=1.0)", "loss"),
        ("report(loss=10**400, kept=1.0)", "loss"),
        ("report(loss=1j, kept=1.0)", "loss"),
        ("report(loss=object(), kept=1.0)", "loss"),
        ("report({3: 1.0, 'kept': 1.0})", "a value of type int"),
        ("report({'': 1.0, 'kept': 1.0})", "(empty)"),
        ("report({'x' * 300: 1.0, 'kept': 1.0})", "xxxxx"),
        ("report({'a\\n\\0b': 1.0, 'kept': 1.0})", r"'a\n\x00b'"),
        ("report({chr(0xd800): 1.0, 'kept': 1.0})", r"'\ud800'"),
        ("report(3.5, kept=1.0)", "report()"),
        ("report('text', kept=1.0)", "report()"),
        ("report(kept=1.0, step='three')", "step"),
        ("report(kept=1.0, step=1.5)", "step"),
        ("report(kept=1.0, step=2**80)", "step"),
    ],
)
def test_what_is_no_number_is_refused_by_its_name_and_the_rest_is_kept(tmp_path: Path, call: str, name: str) -> None:
    attempt = reported(tmp_path, f"for _ in range(3): {call}")
    assert [(None, {"kept": 1.0})] * 3 == attempt.points()
    ((_, code, text),) = attempt.events("n")
    assert "refused" == code
    assert text.startswith(name)


def test_values_that_raise_do_not_raise_in_the_training(tmp_path: Path) -> None:
    attempt = reported(
        tmp_path,
        """
        class Broken:
            ndim = 0
            def item(self): raise RuntimeError("no")
            def __index__(self): raise RuntimeError("no")
            def __getattr__(self, name): raise RuntimeError("no")
        class Names:
            def keys(self): raise RuntimeError("no")
        report(broken=Broken(), loss=1.0)
        report(loss=2.0, step=Broken())
        report(epoch=Broken(), loss=3.0)
        report(Names(), loss=4.0)
        """,
    )
    assert [1.0, 2.0, 3.0, 4.0] == [values["loss"] for _, values in attempt.points()]


def test_scalars_of_numpy_are_numbers_and_its_arrays_are_refused(tmp_path: Path) -> None:
    attempt = reported(
        tmp_path,
        """
        import sys
        assert "numpy" not in sys.modules
        import numpy as np
        report(a=np.float32(0.5), b=np.float64(0.1), c=np.int64(3), d=np.bool_(True), e=np.array(2.5), step=np.int32(4))
        report(epoch=np.int64(5), a=np.float64("nan"))
        report(array=np.ones(3), one=np.ones(1), when=np.datetime64("2020-01-01"), a=1.0)
        """,
    )
    assert [
        (4, {"a": 0.5, "b": 0.1, "c": 3, "d": 1, "e": 2.5}),
        (5, {"a": None}),
        (None, {"a": 1.0}),
    ] == attempt.points()
    assert ["array", "one", "when"] == [text.partition(":")[0] for _, _, text in attempt.events("n")]


def test_a_call_without_points_writes_nothing(tmp_path: Path) -> None:
    attempt = reported(tmp_path, "report(); report(step=3); report({}); report(epoch=4)")
    assert [] == attempt.points()


def test_outside_a_job_it_does_nothing(tmp_path: Path) -> None:
    code = "from jupyter_training import report; report(loss=1.0); report(loss='x'); print(report.lost)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert ("0\n", "") == (answer.stdout, answer.stderr)
    assert list(tmp_path.iterdir()) == []


def test_threads_forks_and_spawned_children_all_report(tmp_path: Path) -> None:
    attempt = reported(
        tmp_path,
        """
        import multiprocessing, os, threading
        def some(first):
            for number in range(first, first + 100):
                report(loss=float(number), step=number)
        if __name__ == "__main__":
            report(loss=-1.0, step=-1)
            threads = [threading.Thread(target=some, args=(n * 100,)) for n in range(4)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            pid = os.fork()
            if pid == 0:
                some(400)
                os._exit(0)
            some(500)
            os.waitpid(pid, 0)
            child = multiprocessing.get_context("spawn").Process(target=some, args=(600,))
            child.start()
            child.join()
            assert child.exitcode == 0
        """,
    )
    assert list(range(-1, 700)) == sorted(step for step, _ in attempt.points() if step is not None)


def test_a_full_disk_is_said_once_and_counted_and_the_training_goes_on(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        textwrap.dedent("""
        import resource
        from jupyter_training import report
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        for step in range(1000):
            report(loss=1.0, step=step)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("lost", report.lost)
        """),
    )
    answer = attempt.run()
    assert 0 == answer.returncode
    assert "lost 1000\n" == answer.stdout
    assert 1 == answer.stderr.count("report.lost")
    assert "The training goes on" in answer.stderr


def test_a_removed_spool_does_not_stop_the_training(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        "import os, shutil\nfrom jupyter_training import report\n"
        "shutil.rmtree(os.environ['JUPYTER_TRAINING_SPOOL'])\nreport(loss=1.0)\nprint(report.lost)",
    )
    answer = attempt.run()
    assert (0, "1\n") == (answer.returncode, answer.stdout)


WITNESSED = """
import os, random
from jupyter_training import report
witness = os.open(os.environ["JUPYTER_TRAINING_OUTPUT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC, 0o600)
rng = random.Random(SEED)
print("begun", flush=True)
step = 0
while True:
    value = rng.random()
    report(loss=value, step=step)
    os.write(witness, f"[{step}, {value!r}]\\n".encode())
    step += 1
"""


@pytest.mark.parametrize("seed", range(5))
def test_kill_9_at_any_moment_loses_no_point(tmp_path: Path, seed: int) -> None:
    attempt = attempt_in(tmp_path, WITNESSED.replace("SEED", str(seed)), output=str(tmp_path / "witness"))
    witness = tmp_path / "witness"
    wanted = random.Random(seed).randint(1, 20_000)
    process = attempt.begin()
    assert process.stdout is not None
    process.stdout.readline()
    while witness.stat().st_size < wanted:
        assert process.poll() is None
    process.kill()
    process.communicate()
    sure = [(step, value) for step, value in map(json.loads, witness.read_text().splitlines())]
    points = [(step, values["loss"]) for step, values in attempt.points()]
    assert sure == points[: len(sure)]
    assert len(points) - len(sure) <= 1  # reported, and killed before the witness knew


def test_times_are_those_of_the_calls(tmp_path: Path) -> None:
    from jupyter_training.spool import tail

    attempt = reported(
        tmp_path,
        "import time\nfor n in range(3): print(time.time()); report(a=1.0)\nopen('end', 'w').write(str(time.time()))",
    )
    (page,) = tail.pages(attempt.folder)
    times = [event[1] / 1e6 for event in tail.read(page)[0]]
    assert sorted(times) == times
    assert math.isclose(times[-1], float((tmp_path / "work" / "end").read_text()), abs_tol=1.0)
