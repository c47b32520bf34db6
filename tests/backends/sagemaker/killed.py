"""``python killed.py HOME STEP WHEN NTH [ORDER]``: be a dispatcher's backend until a step kills this process.

The product knows nothing of this: its function is wrapped here before anything
begins. ORDER is a pickled LaunchOrder to launch first; HOW in the environment a
stop to ask for once the attempt's log has its first line. Ends by itself with 0
when the attempt has ended, which tells that the step was not reached.
"""

from __future__ import annotations

import functools
import importlib
import os
import pickle
import signal
import sys
import time
from pathlib import Path
from typing import Any


def arm(place: str, when: str, nth: int, about: str) -> None:
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    passed = 0

    @functools.wraps(original)
    def lethal(*args: Any, **kwargs: Any) -> Any:
        nonlocal passed
        is_meant = not about or about in map(str, args)
        passed += is_meant
        if is_meant and when == "before" and passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if is_meant and when == "after" and passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, lethal)


def main(home: str, place: str, when: str, nth: str, about: str, order_file: str) -> int:
    from jupyter_training.backends.sagemaker.backend import SagemakerBackend
    from jupyter_training.seams.clock import SystemClock
    from jupyter_training.settings import Settings
    from jupyter_training.spool import attempt_folder
    from tests.backends.sagemaker.stand import QUICK

    arm(place, when, int(nth), about)
    settings = Settings(home=Path(home))
    backend = SagemakerBackend(settings, SystemClock(), pace=QUICK)
    order = pickle.loads(Path(order_file).read_bytes())
    handle = backend.launch(order)
    ref = type(order.ref)(order.ref.job, order.ref.number, order.ref.token, handle)
    log = attempt_folder(settings.spool_root, ref.job, ref.number) / "log"
    how = os.environ.get("HOW")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        (seen,) = backend.observe([ref])
        if seen.end is not None:
            return 0
        if how and log.exists() and log.stat().st_size:
            backend.stop(ref, how, 1.0)  # type: ignore[arg-type]
        time.sleep(0.02)
    return 3


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
