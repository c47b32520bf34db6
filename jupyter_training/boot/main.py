"""From the container's start to its end.

    signals -> ["boot"] -> what is said of the machine -> order -> code -> requirements -> attempt's folder
    -> supervisor, in a session of its own; meanwhile: reap, copy, stop when told
    -> the rest of the log -> ["end"] -> ["exit"] -> failure -> the code's own exit status

As process 1 this one gets no signal that it does not ask for and inherits every
orphan. It starts one child; what the code starts is the supervisor's, which
ends it with the code.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

from jupyter_training import supervisor
from jupyter_training.boot import attempt, candidates, code, failing, launching, machine, requirements, variables
from jupyter_training.boot import order as orders
from jupyter_training.boot.copying import Copying
from jupyter_training.boot.keeping import Keeping
from jupyter_training.boot.places import Places
from jupyter_training.boot.records import Output
from jupyter_training.boot.refusals import BadRequirements, Refused, Stopped
from jupyter_training.boot.stopping import HOW, Stopping
from jupyter_training.spool import layout
from jupyter_training.supervisor import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_training.boot.machine import Machine
    from jupyter_training.boot.order import Order

__all__ = ["main"]

_TICK = 0.25  # seconds
_ADOPTIONS = 5  # supervisors that may be killed, before what they watch is given up
_RESOLVE_WITHIN = 60.0
_LAST_LINES_WITHIN = 2.0  # also where there is no time left
_SUPERVISORS_LOG = "supervisor.log"
_LAST_WORDS = 8 * 1024  # bytes of it
_LAST_LINES = 20
_NEEDED = "LD_LIBRARY_PATH"  # without which the Python of some images does not even start


def main() -> int:
    """Run the attempt that this container was started for. Its exit status is the container's."""
    out, places = Output(), Places.here()
    try:
        return _run(out, places)
    except Exception as error:  # noqa: BLE001 (the edge of the container: the service shall have a reason)
        import traceback

        text = traceback.format_exc()
        failing.write(places.failure, f"jupyter_training: {type(error).__name__}: {error}\n{text}")
        for line in text.splitlines():
            out.line(line)
        return 1


def _run(out: Output, places: Places) -> int:
    stopping = Stopping()
    stopping.install()
    here = machine.read(places)
    run = os.urandom(8).hex()
    version = ".".join(map(str, sys.version_info[:2]))
    said = {"run": run, "host": here.host, "rank": here.rank, "python": version, "started": round(time.time(), 3)}
    out.event("boot", said)
    try:
        order, folder, keeping = _prepare(run, here, places, out, stopping)
    except Stopped:
        return _left(here, out, {"how_stopped": HOW, "signal": int(signal.SIGTERM)})
    except BadRequirements as error:
        return _not_installed(here, places, out, str(error))
    except (Refused, OSError) as error:
        why = str(error) if isinstance(error, Refused) else _words(error)
        failing.write(places.failure, failing.reason({"launch_error": why}, None, ()))
        out.say(f"could not start: {why}")
        return _left(here, out, {"launch_error": why})
    return _Run(order, folder, keeping, here, places, out, stopping).to_its_end()


def _prepare(run: str, here: Machine, places: Places, out: Output, stopping: Stopping) -> tuple[Order, str, Keeping]:
    """All that is done before the code can begin: the order, the attempt's folder, and what looks after its disk."""
    order = orders.read(places)
    places.make()
    candidates.sweep(places)
    code.unpack(places)
    environment = variables.environment(order, here, places, dict(os.environ))
    requirements.install(order, places, environment, out, stopping)
    launching.check(order.launcher)
    _wait_for_names(here, out, stopping)
    if stopping.is_asked:
        raise Stopped
    own = candidates.found(order, places)
    if here.is_first:
        # Whether they were told of before the interruption nobody knows here.
        for one in reversed(own):
            place = f"{order.url}/{one.name}" if order.url else None
            out.record(["c", int(one.time * 1e6), one.step, one.name, {**one.about, "place": place}])
    folder = attempt.folder(places, run)
    said = candidates.said(order, places, own, beside=None if here.is_first else os.path.dirname(folder))
    keeping = Keeping(said["folder"], order.keep)
    for one in reversed(own) if here.is_first else ():
        keeping.note(int(one.time * 1e6), one.step, one.name, one.about)
    attempt.write(order, here, places, attempt_folder=folder, variables=environment, checkpoints=said)
    return order, folder, keeping


def _words(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename is not None else ""
    return f"{error.strerror or error}{where}."


def _wait_for_names(here: Machine, out: Output, stopping: Stopping) -> None:
    """Of several hosts some may be so new that nobody knows their names yet."""
    deadline = time.monotonic() + _RESOLVE_WITHIN
    while len(here.hosts) > 1 and not stopping.is_asked:
        missing = machine.unresolved(here.hosts)
        if not missing:
            return
        if time.monotonic() >= deadline:
            out.say(f"the names of {', '.join(missing)} have no address after {_RESOLVE_WITHIN:g} s; it goes on.")
            return
        time.sleep(_TICK)


def _not_installed(here: Machine, places: Places, out: Output, why: str) -> int:
    error = {"type": "requirements", "message": why, "traceback": "", "frames": []}
    end = {"exit_code": 1, "reason_class": "error", "error": error, "heard_stop": False, "time": time.time()}
    failing.write(places.failure, f"requirements: {why}")
    out.say(f"requirements: {why}")
    if here.is_first:
        out.event("end", end)
    return _left(here, out, {"exit_code": 1})


def _left(here: Machine, out: Output, ended: dict[str, Any]) -> int:
    """Say how a container ends whose code never began."""
    record = {"exit_code": None, "signal": None, "how_stopped": None, **ended}
    out.event("exit", {"version": layout.VERSION, **record, "time": time.time(), "host": here.host})
    return failing.exit_code(record)


class _Run:
    """The attempt, from the supervisor's start on."""

    def __init__(
        self,
        order: Order,
        folder: str,
        keeping: Keeping,
        here: Machine,
        places: Places,
        out: Output,
        stopping: Stopping,
    ) -> None:
        self._order = order
        self._folder = folder
        self._here = here
        self._places = places
        self._out = out
        self._stopping = stopping
        self._copying = Copying(folder, out, sends_events=here.is_first, url=order.url, keeping=keeping)

    def to_its_end(self) -> int:
        woken, wake = os.pipe()
        for handle in (woken, wake):
            os.set_blocking(handle, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it shall wake us, which needs a handler
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        order = self._order
        self._stopping.begin(self._folder, grace=order.grace, within=order.within, is_patient=not order.is_grace_wished)
        self._copying.start()
        ended = self._watch(woken)
        end = layout.read_json(os.path.join(self._folder, layout.END))
        self._copying.end()
        self._copying.join(_LAST_LINES_WITHIN)
        while self._copying.is_alive() and not self._stopping.is_over(time.monotonic()):
            self._copying.join(_TICK)
        return self._tell(ended, end)

    def _watch(self, woken: int) -> dict[str, Any]:
        """Until the attempt is over; how it ended, with what a stop of ours had to do with it."""
        adoptions = 0
        process = self._supervise(adopt=False)
        while True:
            now = time.monotonic()
            self._stopping.step(now)
            is_gone = process.poll() is not None
            self._reap(process.pid)
            if is_gone:
                record = layout.read_json(os.path.join(self._folder, layout.EXIT))
                if record is not None or adoptions == _ADOPTIONS:
                    return self._ended(record)
                adoptions += 1
                process = self._supervise(adopt=True)
            elif self._stopping.is_over(now):
                return self._ended(layout.read_json(os.path.join(self._folder, layout.EXIT)))
            elif select.select([woken], [], [], _TICK)[0]:
                _drain(woken)

    def _supervise(self, *, adopt: bool) -> subprocess.Popen[bytes]:
        with open(os.path.join(self._folder, _SUPERVISORS_LOG), "ab") as log:
            return subprocess.Popen(
                supervisor.command(sys.executable, attempt.RUNTIME, self._folder, adopt=adopt),
                cwd=self._folder,
                env={_NEEDED: os.environ[_NEEDED]} if _NEEDED in os.environ else {},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _reap(self, but: int) -> None:
        """Take leave of orphans."""
        for pid in tree.children_of(os.getpid()):
            if pid != but:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _ended(self, record: dict[str, Any] | None) -> dict[str, Any]:
        acted = self._stopping.acted
        if record is None:
            # Nobody could end it, or say how it ended: the service will.
            how, number = (HOW, int(signal.SIGKILL)) if acted else (None, None)
            return {"exit_code": None, "signal": number, "how_stopped": how, **({} if acted else self._unwatched())}
        if acted and record.get("how_stopped") in (None, "kill") and failing.exit_code(record):
            return {**record, "how_stopped": HOW, "oom": False}
        return {**record, "how_stopped": HOW} if self._was_left_alone(record) else record

    def _was_left_alone(self, record: dict[str, Any]) -> bool:
        """Whether it failed after a stop that all hosts were asked for: as a rule since others had left before it."""
        if len(self._here.hosts) < 2 or not self._stopping.is_asked or not failing.exit_code(record):
            return False
        if record.get("how_stopped") is not None or record.get("oom") or record.get("launch_error"):
            return False
        end = layout.read_json(os.path.join(self._folder, layout.END)) or {}
        failed_at = end.get("time", record.get("time"))
        return isinstance(failed_at, (int, float)) and failed_at >= self._stopping.asked_time

    def _unwatched(self) -> dict[str, Any]:
        """Why no supervisor has come to its end, as it said itself."""
        words = self._supervisors_words()
        said = f": {words[-1]}" if words else ", and has said nothing."
        if os.path.exists(os.path.join(self._folder, layout.BEGUN)):
            return {"unwatched": f"what watches the code ended by itself{said}"}
        return {"launch_error": f"its supervisor ended by itself{said}"}

    def _supervisors_words(self) -> list[str]:
        try:
            with open(os.path.join(self._folder, _SUPERVISORS_LOG), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_WORDS))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-_LAST_LINES:]

    def _tell(self, ended: dict[str, Any], end: dict[str, Any] | None) -> int:
        status = failing.exit_code(ended)
        if status and ended.get("how_stopped") is None:
            words = [] if ended.get("from") else self._supervisors_words()
            text = failing.reason(ended, end, words or self._copying.last_lines)
            failing.write(self._places.failure, text)
            for line in words:
                self._out.line(line)
            if ended.get("launch_error") or ended.get("unwatched"):
                self._out.say(text.partition("\n")[0])
        if self._copying.is_alive():
            return status  # nobody takes what we print, and there is no time left
        if end is not None and self._here.is_first:
            self._out.event("end", end)
        self._out.event("exit", {"version": layout.VERSION, "time": time.time(), **ended, "host": self._here.host})
        return status


def _drain(handle: int) -> None:
    try:
        while os.read(handle, 512):
            pass
    except BlockingIOError:
        pass
