"""Stops on a disk that takes nothing: written into the room set aside, or waited out."""

from __future__ import annotations

import errno
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jupyter_training.backends.local.backend import LocalBackend
from jupyter_training.core.ids import JobId
from jupyter_training.errors import StoreBusy, StoreFull, TrainingError
from jupyter_training.seams.backend import AttemptRef
from jupyter_training.seams.clock import SystemClock
from jupyter_training.settings import Settings
from jupyter_training.spool import claim, layout

REF = AttemptRef(JobId("job"), 1, "token", "job/1")
SOURCE = str(Path(__file__).parents[2])


def test_on_a_full_disk_each_stronger_stop_is_written_and_the_rest_waited_out(tmp_path: Path) -> None:
    """A file system of 512 kB in a namespace of its own, filled to the last byte after the launch."""
    code = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from jupyter_training.backends.local import backend as local
        from jupyter_training.core.ids import JobId
        from jupyter_training.errors import StoreFull
        from jupyter_training.seams.backend import AttemptRef, LaunchOrder
        from jupyter_training.core.resources import Allocation
        from jupyter_training.seams.clock import SystemClock
        from jupyter_training.settings import Settings
        from jupyter_training.spool import layout
        from jupyter_training.testing.builders import a_submission

        home = Path(sys.argv[2])
        local.prepare = lambda order, folder, runtime, settings: folder.mkdir(parents=True)
        local.LocalBackend._start_supervisor = lambda *args, **more: None
        backend = local.LocalBackend(Settings(home=home), SystemClock())
        backend._job_side = lambda: home
        ref, other = (AttemptRef(JobId(job), 1, "token", None) for job in ("job", "other"))
        spec = a_submission(name="a").spec
        backend.launch(LaunchOrder(ref, spec, Allocation("local", 1), "store", "key", params={}))
        filler = os.open(home / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(filler, b"x" * 4096)
        except OSError as error:
            assert error.errno == 28, error
        for ask in (lambda: backend.void(other), lambda: backend.stop(other, "kill", 1.0)):
            try:
                ask()
            except StoreFull as error:
                print("waits", "no room left" in str(error))
        for how in ("pause", "preempt", "discard", "cancel", "hang", "kill"):
            backend.stop(ref, how, 1.0)
            print(layout.read_json(layout.stop_file(backend._folder(ref)))["how"])
    """)
    mount = f'mount -t tmpfs -o size=512k none "{tmp_path}" && exec "$@"'
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"]
    answer = subprocess.run(
        [*words, sys.executable, "-c", code, SOURCE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    if "unshare:" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip("this machine allows no mounts in a namespace")
    told = ["waits True", "waits True", "pause", "pause", "discard", "cancel", "cancel", "kill"]
    assert told == answer.stdout.splitlines(), answer.stderr


@pytest.mark.parametrize(
    ("fault", "expected"), [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EACCES, StoreBusy)]
)
def test_what_the_disk_can_not_take_is_a_fault_that_is_waited_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int, expected: type[TrainingError]
) -> None:
    backend = LocalBackend(Settings(home=tmp_path), SystemClock())

    def refuses(*args: object, **more: object) -> None:
        raise OSError(fault, "it can't")

    with monkeypatch.context() as broken:
        broken.setattr(layout, "write_json", refuses)
        with pytest.raises(expected, match=r"stop\.json"):
            backend.stop(REF, "cancel", 1.0)
        with pytest.raises(expected, match="job"):
            backend.void(REF)
    backend.stop(REF, "cancel", 1.0)
    backend.stop(REF, "kill", 1.0)
    assert "kill" == (layout.read_json(layout.stop_file(backend._folder(REF))) or {})["how"]


def test_an_attempt_whose_folder_is_gone_is_given_up(tmp_path: Path) -> None:
    backend = LocalBackend(Settings(home=tmp_path), SystemClock())
    (before,) = backend.observe([REF])
    assert before.end is None
    assert claim.is_void(backend._folder(REF))
