"""The job-side package as a folder: what is put first on a job's ``sys.path``.

    <home>/runtime/<hash>/job                      the launcher
    <home>/runtime/<hash>/jupyter_training/        __init__ is runtime/public.py; runtime, spool, supervisor, boot

Named by its content and put in place by one rename, so that any number of
processes may install it at once, and a job that runs for a week keeps its own
while the product is upgraded. Knows nothing of homes but this folder.

For a container the same files travel as ``job.zip``, with the script beside it
that the container starts with: see ``boot_files``.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from jupyter_training.runtime import LAUNCHER

__all__ = ["BOOT", "ZIP", "boot_files", "install", "put"]

BOOT = "boot.py"
ZIP = "job.zip"

_ROOMS = ("runtime", "spool", "supervisor", "boot")
_HASH_LENGTH = 16
_LAUNCHER_CODE = b"""\
import os
import sys

# The guard is for children that multiprocessing spawns: they import this file again.
if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    if here not in sys.path:
        sys.path.insert(0, here)
    from jupyter_training.runtime.entry import main

    main(sys.argv[1])
"""

# Any Python can read this, so that one that is too old can say so. The folder is for children of the code, which
# import from it too; a zip would do for this process only.
_BOOT_CODE = b"""\
import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 9):
        text = "jupyter_training needs Python 3.9 or newer in the container, this is %d.%d." % sys.version_info[:2]
        failure = os.path.join(os.environ.get("JT_ML_ROOT") or "/opt/ml", "output", "failure")
        try:
            with open(failure, "w") as file:
                file.write(text)
        except (IOError, OSError):
            pass
        sys.exit(text)
    here = os.path.dirname(os.path.abspath(__file__))
    if not os.path.isdir(os.path.join(here, "jupyter_training")):
        import tempfile
        import zipfile

        folder = tempfile.mkdtemp(prefix="jt-job-")
        with zipfile.ZipFile(os.path.join(here, "job.zip")) as archive:
            archive.extractall(folder)
        os.chmod(folder, 0o755)
        here = folder
        # What lies beside this script is no module of the code's.
        sys.path[:] = [one for one in sys.path if os.path.abspath(one) != os.path.dirname(os.path.abspath(__file__))]
    sys.path.insert(0, here)
    from jupyter_training.boot.main import main

    sys.exit(main())
"""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def install(home: str | os.PathLike[str]) -> Path:
    """The folder to put on a job's ``sys.path``, made if it is not there yet.

    Raises:
        OSError: it can't be made; nothing half-made stands in its place.
    """
    return put(Path(home) / "runtime", _contents(Path(__file__).resolve().parent.parent))


def boot_files() -> dict[str, bytes]:
    """What a container starts with, by name: a script, and this package. The same bytes each time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in _contents(Path(__file__).resolve().parent.parent).items():
            info = zipfile.ZipInfo(path, _LONG_AGO)
            info.create_system = 3  # as on every other machine
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return {BOOT: _BOOT_CODE, ZIP: content.getvalue()}


def put(root: Path, contents: Mapping[str, bytes]) -> Path:
    """The folder below ``root`` that holds these files, made if it is not there yet and named by what is in it.

    Raises:
        OSError: it can't be made; nothing half-made stands in its place.
    """
    place = root / _hash(contents)
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
    try:
        _write(made, contents)
        os.rename(made, place)
        _sync(place.parent)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # else somebody was first
            raise
    return place


def _contents(package: Path) -> dict[str, bytes]:
    """The files by their path in the folder, in a fixed order."""
    found = {LAUNCHER: _LAUNCHER_CODE, "jupyter_training/__init__.py": (package / "runtime/public.py").read_bytes()}
    for room in _ROOMS:
        for file in sorted((package / room).rglob("*.py")):
            found[f"jupyter_training/{file.relative_to(package).as_posix()}"] = file.read_bytes()
    return found


def _hash(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in contents.items():
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:_HASH_LENGTH]


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    for path, content in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(target, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for below, _, _ in os.walk(folder):
        _sync(below)


def _sync(folder: str | os.PathLike[str]) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
