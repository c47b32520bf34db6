"""Start the person's process behind a gate: it runs nothing of theirs before it is on record.

The child stands ready, in its session and folder, and waits for one byte. Its
identity is written first. If the supervisor is killed before it sends the byte,
the pipe closes and the child leaves. With the byte the child leaves a mark and
becomes the person's program. So whatever runs can be found again, and an
attempt without the mark certainly ran nothing.
"""

from __future__ import annotations

import errno
import os
import signal

__all__ = ["Gate", "LaunchError", "start"]

# Python ignores the last two, a supervisor the first three, and a shell SIGQUIT for what it runs in the background;
# the person's process shall have them as usual.
_AS_USUAL = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ)
# Under memory pressure the kernel shall choose the training, and not the notebook server beside it.
_OOM_SCORE = 300


class LaunchError(Exception):
    """The process can't be started; the text says why, as the end of a sentence."""


class Gate:
    """A started process that waits."""

    def __init__(self, pid: int, go: int, failed: int, argv: list[str], folder: str) -> None:
        self.pid = pid
        self._go = go
        self._failed = failed
        self._argv = argv
        self._folder = folder

    def open(self) -> None:
        """Let the process run.

        Raises:
            LaunchError: it could not; it is gone.
        """
        try:
            os.write(self._go, b"1")
        except BrokenPipeError:
            pass  # killed while it waited; its exit status will say so
        os.close(self._go)
        with os.fdopen(self._failed, "rb") as pipe:
            told = pipe.read().decode()  # closed without a word when the program has begun
        if told:
            stage, number = told.split()
            raise LaunchError(_sentence(stage, int(number), self._argv, self._folder))

    def shut(self) -> None:
        """Let the process leave without having run."""
        os.close(self._go)
        os.close(self._failed)


def start(argv: list[str], *, env: dict[str, str], folder: str, log: str, mark: str) -> Gate:
    """A process in a session of its own, its output appended to ``log``, waiting behind its gate.

    The file ``mark`` is made when it no longer waits.

    Raises:
        LaunchError: there is no room for a log or a process.
    """
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LaunchError(f"its log can't be opened: {error.strerror}.") from None
    wait, go = os.pipe()
    failed, tell = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            os.close(go)
            _become(argv, env, folder, output, mark, wait, tell)
    except OSError as error:
        raise LaunchError(f"the system gives no more processes: {error.strerror}.") from None
    finally:
        for handle in (output, wait, tell):
            os.close(handle)
    return Gate(pid, go, failed, argv, folder)


def _become(argv: list[str], env: dict[str, str], folder: str, output: int, mark: str, wait: int, tell: int) -> None:
    """The child's side; does not return."""
    stage = "prepare"
    try:
        os.setsid()
        for number in _AS_USUAL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        _prefer_to_kill()
        stage = "folder"
        os.chdir(folder)
        if not os.read(wait, 1):
            os._exit(0)  # the supervisor is gone, or has thought better of it
        stage = "mark"
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        stage = "program"
        os.execve(argv[0], argv, env)  # noqa: S606 (no shell is meant)
    except OSError as error:
        # The gate first, or the supervisor would write to nobody; it may be gone, then nobody reads this either.
        if stage in ("prepare", "folder") and not os.read(wait, 1):
            os._exit(0)
        os.write(tell, f"{stage} {error.errno}".encode())
    finally:
        os._exit(127)


def _prefer_to_kill() -> None:
    try:
        with open("/proc/self/oom_score_adj", "r+") as file:
            if int(file.read()) < _OOM_SCORE:
                file.seek(0)
                file.write(str(_OOM_SCORE))
    except (OSError, ValueError):
        pass  # not Linux, or a container that forbids it


def _sentence(stage: str, number: int, argv: list[str], folder: str) -> str:
    reason = os.strerror(number)
    if stage == "folder":
        missing = number in (errno.ENOENT, errno.ENOTDIR)
        return f"the folder {folder} {'is not there' if missing else f'can not be entered: {reason}'}."
    if stage == "program":
        missing = number in (errno.ENOENT, errno.ENOTDIR)
        return f"the interpreter {argv[0]} {'is not there' if missing else f'can not be started: {reason}'}."
    return f"its process could not be set up: {reason}."
