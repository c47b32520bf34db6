"""A container's first process, from the order to the exit record. A folder stands for /opt/ml, processes are real."""

from __future__ import annotations

from collections.abc import Callable

from tests.boot.containers import Container

Build = Callable[..., Container]


def test_a_script_runs_to_its_end(container: Build) -> None:
    one = container(
        "import sys\nfrom jupyter_training import report\nfor n in range(3): report(loss=1 / (n + 1), step=n)\n"
        "print('args', sys.argv[1:])",
        params={"lr": 0.1, "name": "adam"},
        args=("--fast",),
    )
    ran = one.run()
    assert 0 == ran.code, ran.printed
    assert [(n, {"loss": 1 / (n + 1)}) for n in range(3)] == ran.points()
    assert ["args ['--fast', '--lr', '0.1', '--name', 'adam']"] == ran.printed
    kinds = [event[0] for event in ran.records()]
    assert ("boot", "end", "exit") == (kinds[0], *kinds[-2:])
    assert ("completed", 0) == (ran.record("end")["reason_class"], ran.record("exit")["exit_code"])
    assert "algo-1" == ran.record("boot")["host"] == ran.record("exit")["host"]
    assert one.failure is None
