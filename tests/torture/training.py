"""The training that the harness kills things around.

Each step is first written to a witness file with O_DSYNC and then reported, so
that the two can be compared afterwards. It holds locks that say the truth about
who runs: one of its own job, and one for each slot it was given. What it leaves
behind hides as well as it can, and holds the locks until it is gone.
"""

import fcntl
import os
import signal
import time

from jupyter_training import checkpoint, params, report, should_stop

FOLDER, NAME, ATTEMPT = params["folder"], params["name"], os.environ["JUPYTER_TRAINING_ATTEMPT"]

record = os.open(f"{FOLDER}/{NAME}.witness", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC, 0o600)


def tell(*words: object) -> None:
    os.write(record, (" ".join(map(str, [ATTEMPT, *words])) + "\n").encode())


def locked(name: str) -> bool:
    handle = os.open(f"{FOLDER}/{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    return True  # until this process and all its children have ended


def hide() -> None:
    """A grandchild in a session of its own that ignores SIGTERM."""
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            with open("/proc/self/stat") as file:
                tell("hidden", os.getpid(), file.read().rpartition(")")[2].split()[19])
            os.write(tells, b"1")
            while True:
                signal.pause()
        os._exit(0)
    os.waitpid(child, 0)
    os.read(told, 1)


tell("began", os.getpid())
if not locked(NAME):
    tell("TWICE")
for _ in range(params["slots"]):
    if not any(locked(f"slot-{n}") for n in range(params["capacity"])):
        tell("OVERFULL")
if params["hiding"]:
    hide()
state, every = {"sum": 0}, params["saves"]
if every:
    found = checkpoint.latest()
    tell("from", found.step if found else 0)
    if found:
        state = found.load()
for step in checkpoint.steps(params["steps"]) if every else range(1, params["steps"] + 1):
    state["sum"] += step  # a step that is left out, or done twice, shows in all that come after it
    loss = 1.0 / (1 + state["sum"])
    tell("point", step, repr(loss))
    report(step=step, loss=loss)
    if every and checkpoint.due(step, every=every):
        tell("saving", step)
        checkpoint.save(state, step=step)
        tell("saved", step)
    if step == params["crash"] and ATTEMPT == "1":
        tell("crashed")
        raise RuntimeError("as it was planned")
    if params["listening"] and should_stop():
        tell("heard", step)
        raise SystemExit(0)
    time.sleep(params["pause"])
tell("unkept", report.lost)
tell("done")
raise SystemExit(params["exit_code"])
