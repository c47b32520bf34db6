"""``python armed.py ROOM FAULTS WORDS...``: start one of our processes so that what stands in FAULTS happens to it.

The product knows nothing of this. Its functions are wrapped here, before its
own ``main`` is called; what it starts in turn is started through this file too,
since the words that start it are functions and constants that are wrapped.

    dispatcher HOME [LOCK]        one of its own lock takes no notice of the first: a dispatcher elsewhere
    supervisor RUNTIME FOLDER...  isolated, from the archive, as the product starts it
    nursery RUNTIME               likewise; what it forks is armed as a supervisor
    runtime LAUNCHER FOLDER       in the job's interpreter
    mirror ...                    the words of the mirror
    driver                        of a search; its order is in the environment

With TORTURE_UNRECORDED no mirror is started: a story of a search has no need of the record.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
import time
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))

# As files, not as a package: in a job and in a supervisor there is none of that name, or another one.
sys.path.insert(0, _HERE)
import faults  # noqa: E402
import steps  # noqa: E402

sys.path[:] = [entry for entry in sys.path if entry != _HERE]


def _arm(folder: str, rooms: tuple[str, ...], job: str | None = None) -> None:
    """Wrap the steps at which a fault of these rooms waits."""
    for path, fault in faults.waiting(folder).items():
        if fault.room in rooms and fault.job == job:
            _wrap(steps.ROOMS[fault.room][fault.step], path, fault)


def _wrap(step: steps.Step, path: str, fault: faults.Fault) -> None:
    module, _, place = step.place.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = place.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    passed, armed = 0, os.getpid()

    @functools.wraps(original)
    def lethal(*args: Any, **kwargs: Any) -> Any:
        nonlocal passed
        is_meant = os.getpid() == armed and (not step.about or str(args[0]).endswith(step.about))
        if is_meant and step.when == "before":
            passed += 1
            if passed == fault.nth:
                faults.happen(path, fault)
        result = original(*args, **kwargs)
        if is_meant and step.when == "after":
            passed += 1
            if passed == fault.nth:
                faults.happen(path, fault)
        return result

    setattr(owner, name, lethal)


def _dispatcher(folder: str, home: str, lock: str | None = None) -> int:
    sys.path.insert(0, _ROOT)
    from jupyter_training import runtime, supervisor
    from jupyter_training.core.job import Instant
    from jupyter_training.dispatch import ensure, loop
    from jupyter_training.launchers.driver import DriverLauncher
    from jupyter_training.seams.clock import SystemClock
    from jupyter_training.settings import Settings
    from jupyter_training.tracking import ensure as mirrors

    class JumpingClock(SystemClock):
        def now(self) -> Instant:
            return Instant(time.time() + faults.jumped(folder))

    start = supervisor.command

    def armed_supervisor(python: str, runtime_folder: str, attempt_folder: str, *, adopt: bool = False) -> list[str]:
        words = start(python, runtime_folder, attempt_folder, adopt=adopt)
        code = words.index("-c")  # python -I -S -c CODE RUNTIME FOLDER [--adopt]
        return [*words[:code], __file__, "supervisor", folder, *words[code + 2 :]]

    supervisor.command = armed_supervisor
    supervisor.nursery_command = lambda python, library: [python, "-I", "-S", __file__, "nursery", folder, library]
    run = runtime.command

    def armed_runtime(*words: str) -> list[str]:
        python, *rest = run(*words)
        return [python, __file__, "runtime", folder, *rest]

    runtime.command = armed_runtime
    DriverLauncher.command = lambda *_, python, **__: [python, __file__, "driver", folder]  # type: ignore[method-assign]
    if os.environ.get("TORTURE_UNRECORDED"):
        loop.ensure_mirror = lambda settings: mirrors.Mirroring.ALIVE  # type: ignore[assignment]
    mirrors.COMMAND = ("-P", __file__, "mirror", folder)
    mirrors._DEATHS = 1_000_000  # they die because we kill them: no rest is due
    loop.SystemClock = JumpingClock
    term = float(os.environ.get("TORTURE_TERM", "0"))
    if term:
        loop.LEASE_TTL, loop._RENEW_EVERY, loop._TRUST_MARGIN = term, term / 4, term / 5
    if lock is not None:
        ensure.LOCK_NAME = lock
    _arm(folder, ("dispatcher", "ingest"))
    return loop.main(Settings.load(home))


def _supervisor(folder: str, runtime_folder: str, attempt: str, *more: str) -> int:
    sys.path.insert(0, runtime_folder)
    _arm(folder, ("supervisor",), _job(attempt))
    from jupyter_training.supervisor.main import main

    return main([attempt, *more])


def _nursery(folder: str, runtime_folder: str) -> int:
    """Its supervisors are armed when they have been forked."""
    sys.path.insert(0, runtime_folder)
    from jupyter_training.supervisor import nursery

    supervise = nursery.supervise

    def armed(attempt: str) -> int:
        _arm(folder, ("supervisor",), _job(attempt))
        return supervise(attempt)

    nursery.supervise = armed
    return nursery.main()


def _runtime(folder: str, launcher: str, attempt: str) -> None:
    sys.path.insert(0, os.path.dirname(launcher))
    _arm(folder, ("runtime",), _job(attempt))
    sys.argv[:] = [launcher, attempt]
    from jupyter_training.runtime.entry import main

    main(attempt)


def _mirror(folder: str, *words: str) -> int:
    sys.path.insert(0, _ROOT)
    from jupyter_training.tracking import ensure, mirror

    ensure.COMMAND = ("-P", __file__, "mirror", folder)
    _arm(folder, ("mirror",))
    return mirror.main(words)


def _driver(folder: str) -> int:
    sys.path.insert(0, _ROOT)
    from jupyter_training.tuning import __main__ as tuning
    from tests.torture import cloning

    cloning.make_known()
    _arm(folder, ("driver",))
    return tuning.run()


def _job(attempt: str) -> str | None:
    """The name under which faults know the attempt's job; None when there is no order yet."""
    try:
        with open(os.path.join(attempt, "order.json"), encoding="utf-8") as file:
            name: str = json.load(file)["params"]["name"]
            return name
    except (OSError, ValueError, KeyError):
        return None


if __name__ == "__main__":
    _, room, where, *rest = sys.argv
    start: Any = {
        "dispatcher": _dispatcher,
        "supervisor": _supervisor,
        "nursery": _nursery,
        "runtime": _runtime,
        "mirror": _mirror,
        "driver": _driver,
    }[room]
    raise SystemExit(start(where, *rest))
