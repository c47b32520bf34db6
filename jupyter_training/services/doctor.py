"""See whether a home is well: one check per thing that can be wrong, each with what mends it.

Looks and never mends. Works on ``Settings`` and not on a ``Site``, since a store
that can't be opened is the first thing that it must be able to tell.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import JsonValue

from jupyter_training.core.lifecycle import Seen
from jupyter_training.core.resources import LOCAL, Capacity, Pool
from jupyter_training.dispatch import ensure
from jupyter_training.errors import TrainingError
from jupyter_training.languages.pools import two_names
from jupyter_training.seams import registry
from jupyter_training.seams.backend import Backend
from jupyter_training.seams.backend_wishes import Wishes
from jupyter_training.seams.clock import SystemClock
from jupyter_training.settings import MB, Settings
from jupyter_training.spool import identity, tail
from jupyter_training.store import filesystems, record, upkeep, views
from jupyter_training.store.engine import Store

__all__ = ["Check", "Status", "examine", "examine_backend"]

Status = Literal["ok", "warn", "fail"]

_LITTLE_SPACE = 1024 * MB
_NO_SPACE = 100 * MB
_PAGES_READ_BYTES = 256 * MB  # of event pages, the newest attempts first
_QUICKLY_READ_BYTES = 512 * MB  # of databases; larger ones take long to be read from end to end
_REACH_SECONDS = 2.0
_BEHIND_LIMIT = 1000


@dataclass(frozen=True)
class Check:
    """One finding. ``fix`` says what to do; None where nothing is wrong."""

    name: str
    status: Status
    sentence: str
    fix: str | None = None


def examine(settings: Settings) -> list[Check]:
    """Every check of a home, in the order in which one thing rests on another."""
    checks = [_home(settings), _space(settings)]
    try:
        store = Store.open(settings) if settings.home.is_dir() else None
    except TrainingError as error:
        checks.append(Check("store", "fail", error.detail, error.hint or "The other checks need the store."))
        store = None
    else:
        if store is None:
            checks.append(Check("store", "ok", "Not made yet; the first submit makes it."))
    if store is not None:
        with store:
            checks += _store(store)
            checks.append(_pools(settings, store))
            checks.append(_dispatcher(settings, store))
            checks += _spool(settings, store)
            checks.append(_record(settings, store))
    checks.append(_server(settings))
    return checks


def examine_backend(settings: Settings, backend: str, options: Mapping[str, JsonValue]) -> Iterator[Check]:
    """What a job with these options needs of a backend, as it is found; may take a while.

    Raises:
        UnknownPlugin: no such backend is installed.
    """
    registry.load("backends", backend)
    wishes: Wishes = registry.load("wishes", backend)(settings)
    found = False
    for one in wishes.examine(options):
        found = True
        yield Check(one.name, one.status, one.sentence, one.fix)
    if not found:
        yield Check(backend, "ok", f"Jobs at {backend!r} need nothing beyond this home; `doctor` alone looks at that.")


def _home(settings: Settings) -> Check:
    home = settings.home
    if not home.exists():
        return Check("home", "ok", f"{home} is not there yet; the first submit makes it.")
    if not home.is_dir():
        return Check("home", "fail", f"{home} is not a folder.", "Name another one in JUPYTER_TRAINING_HOME.")
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return Check("home", "fail", f"{home} can't be written by you.", "Jobs can be looked at, but not submitted.")
    if home.stat().st_mode & 0o077:
        return Check("home", "warn", f"{home} is open to other users.", f"chmod 700 {home}")
    return Check("home", "ok", f"{home}")


def _space(settings: Settings) -> Check:
    place = settings.home
    while not place.exists():
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk", "warn", f"The free space at {place} can't be told: {error.strerror}.")
    words = f"{_bytes(free)} are free."
    if free < _NO_SPACE:
        return Check("disk", "fail", words, "Make room: nothing can be stored and no job can start.")
    if free < _LITTLE_SPACE:
        return Check("disk", "warn", words, "Make room; `jupyter training db gc` removes what is no longer needed.")
    return Check("disk", "ok", words)


def _store(store: Store) -> Iterator[Check]:
    """Identity, journal mode, and what the databases say of themselves."""
    counts = views.counts(store, trials=True)
    jobs = ", ".join(f"{count} {state.value}" for state, count in sorted(counts.items()) if count)
    where = f"{store.store_id}: {jobs or 'no jobs yet'}."
    if store.read_only:
        yield Check("store", "warn", f"{where} It is read-only here.", "Submit from the machine that owns it.")
    else:
        yield Check("store", "ok", where)
    if store.journal == "delete":
        slow = "The databases use a rollback journal, which is slower: their folder allows no write-ahead log."
        why = " It lies on a network file system." if filesystems.is_network(store.settings.home) else ""
        fix = "Use a local folder as JUPYTER_TRAINING_HOME, or PostgreSQL as JUPYTER_TRAINING_STORE for several hosts."
        yield Check("journal", "warn", slow + why, fix)
    else:
        yield Check("journal", "ok", {"wal": "Write-ahead log."}.get(store.journal, f"Kept by the {store.journal}."))
    if _size(store) > _QUICKLY_READ_BYTES:
        yield Check("content", "ok", "Not looked at, as it is large; `jupyter training db check` takes the time.")
        return
    faults = [finding for finding in upkeep.check(store) if finding.level == "fault"]
    for finding in faults:
        yield Check("content", "fail", finding.sentence, finding.hint)
    if not faults:
        yield Check("content", "ok", "The databases are sound.")


def _size(store: Store) -> int:
    """Bytes of the database files that are on this machine."""
    paths = [path for path in (store.jobs.path, store.points.path) if path is not None]
    return sum(path.stat().st_size for path in paths if path.exists())


def _pools(settings: Settings, store: Store) -> Check:
    """What each pool has, and whether this machine has that too."""
    pools = views.pools(store)
    has = "; ".join(f"{name}: {_has(pool)}" for name, pool in pools.items())
    words = f"{has}." if has else "None yet; the first submit makes one of what this machine has."
    here = [pool for pool in pools.values() if pool.backend == LOCAL]
    backend: Backend = registry.load("backends", "local")(settings, SystemClock())
    capacity = backend.capacity()
    if capacity is None:
        return Check("pools", "ok", words)
    if capacity.fault is not None:
        fix = "Does `nvidia-smi` work? After an update of the driver the machine must be started anew."
        return Check("pools", "warn", f"{words} {capacity.fault}.", fix)
    for pool in here:
        gone = _unseen(pool, capacity)
        if gone:
            fix = f"Name those that are there: jupyter training pool set {pool.name} --devices IDS"
            if pool.is_found:
                fix = "Start the server or the dispatcher anew: it is looked up then."
            missing = f"{_count(len(gone), 'GPU')} of {pool.name} can't be seen here: {', '.join(gone)}"
            seen = ", ".join(capacity.devices or ()) or "none"
            return Check("pools", "warn", f"{words} {missing}. There is: {seen}.", fix)
    if capacity.devices and not any(pool.devices for pool in here):
        unused = f"This machine has {_count(len(capacity.devices), 'GPU')}, which no pool gives out."
        return Check("pools", "warn", f"{words} {unused}", "jupyter training pool set local --found")
    same = two_names(here, capacity)
    if same is not None:
        fix = "Call it the same in all pools: then it is given to one job at a time."
        return Check("pools", "warn", f"{words} {same[0]} and {same[1]} are the same GPU.", fix)
    for name, given in settings.pools.items():
        wanted = given.get("gpus")
        if isinstance(wanted, int) and name in pools and len(pools[name].devices) < wanted:
            short = f"The settings give {name} {wanted} GPUs, and {len(pools[name].devices)} could be found."
            return Check("pools", "warn", f"{words} {short}", "Jobs that ask for more wait until there are more.")
    return Check("pools", "ok", words)


def _unseen(pool: Pool, capacity: Capacity) -> list[str]:
    """The pool's devices that the machine does not show. Only numbers are compared: a UUID may be cut short."""
    there = capacity.devices
    if there is None or not all(device.isdigit() for device in there):
        return []
    return [device for device in pool.devices if device.isdigit() and device not in there]


def _has(pool: Pool) -> str:
    """``4 slots, 2 GPUs (0,1), 8 CPUs, 64.0 GB``."""
    parts = [_count(pool.slots, "slot")]
    if pool.devices:
        parts.append(f"{_count(len(pool.devices), 'GPU')} ({','.join(pool.devices)})")
    if pool.cpus is not None:
        parts.append(f"{pool.cpus:g} {'CPU' if pool.cpus == 1 else 'CPUs'}")
    if pool.memory is not None:
        parts.append(_bytes(pool.memory))
    return ", ".join(parts)


def _dispatcher(settings: Settings, store: Store) -> Check:
    down = ensure.why_down(settings)
    if down is not None:
        log = settings.logs / "dispatcher.log"
        return Check("dispatcher", "fail", f"{down}{_last_words(log)}", f"Look into {log}; a submit tries again.")
    if ensure.is_alive(settings):
        return Check("dispatcher", "ok", "Alive.")
    waiting = len(views.unfinished(store))
    if waiting:
        words = f"None is alive, and {_count(waiting, 'job')} {'is' if waiting == 1 else 'are'} unfinished."
        return Check("dispatcher", "warn", words, "Any submit starts one, and so does `jupyter training wait JOB`.")
    return Check("dispatcher", "ok", "None is alive, and there is nothing to do; the next submit starts one.")


def _spool(settings: Settings, store: Store) -> Iterator[Check]:
    """Unreadable places in event pages, and what running code was told of its own calls."""
    looked, faulty, budget = 0, 0, _PAGES_READ_BYTES
    for folder in _attempt_folders(settings.spool_root):
        faults, read = _faults(folder)
        looked += 1
        budget -= read
        if faults:
            faulty += 1
            words = (
                f"{_count(faults, 'unreadable place')} in the events of {folder.parent.name}, attempt {folder.name}."
            )
            yield Check(
                "spool", "warn", words, "What stood there is lost; the job and its other points are not affected."
            )
        if budget < 0:
            break
    silent = [
        job.name for job, attempt in views.unfinished(store) if attempt is not None and attempt.seen is Seen.UNKNOWN
    ]
    if silent:
        words = f"Nothing is known of {', '.join(silent[:5])}; their slots are kept."
        yield Check("attempts", "warn", words, "If they are gone for good: jupyter training kill JOB")
    if not faulty:
        yield Check("spool", "ok", f"{_count(looked, 'attempt')} looked at; every event can be read.")


def _record(settings: Settings, store: Store) -> Check:
    where = _without_password(settings.mlflow_uri)
    parts = urlsplit(settings.mlflow_uri)
    if parts.scheme in ("http", "https"):
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((parts.hostname or "", port), timeout=_REACH_SECONDS).close()
        except (OSError, ValueError) as error:
            fix = "Jobs go on; their record catches up once it answers. Is MLFLOW_TRACKING_URI right?"
            return Check("record", "warn", f"{where} can't be reached: {error}.", fix)
    behind = len(record.pending(store, _BEHIND_LIMIT))
    if behind:
        more = " or more" if behind == _BEHIND_LIMIT else ""
        words = f"{where}: {behind}{more} of its runs {'is' if behind == 1 else 'are'} behind"
        if ensure.is_alive(settings):
            return Check("record", "ok", f"{words}, and being caught up.")
        log = settings.logs / "mirror.log"
        fix = f"It catches up while a dispatcher lives, which any submit starts; {log} says what was in the way."
        return Check("record", "warn", f"{words}.{_last_words(log)}", fix)
    return Check("record", "ok", f"{where} has everything.")


def _server(settings: Settings) -> Check:
    alive = []
    for file in sorted(settings.run_folder.glob("server-*.json")):
        try:
            note = json.loads(file.read_text("utf-8"))
            if identity.is_alive(note["pid"], note["start_time"], note["boot_id"]):
                alive.append(note)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if not alive:
        return Check("server", "ok", "None runs; JupyterLab is one, and `jupyter training serve` another.")
    deaf = [note for note in alive if not _answers(note)]
    where = ", ".join(_without_password(str(note.get("url") or note.get("socket"))) for note in alive)
    if deaf:
        return Check("server", "warn", f"{where}: it lives and does not answer.", f"Restart it (pid {deaf[0]['pid']}).")
    return Check("server", "ok", f"{where} answers.")


def _answers(note: dict[str, object]) -> bool:
    """Whether somebody takes connections there."""
    try:
        if note.get("socket"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(_REACH_SECONDS)
                line.connect(str(note["socket"]))
            return True
        parts = urlsplit(str(note.get("url")))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=_REACH_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True


def _attempt_folders(root: Path) -> list[Path]:
    """Attempt folders, the newest first."""
    found: list[tuple[float, Path]] = []
    try:
        jobs = list(os.scandir(root))
    except OSError:
        return []
    for job in jobs:
        try:
            found += [(one.stat().st_mtime, Path(one.path)) for one in os.scandir(job.path) if one.name.isdigit()]
        except OSError:
            continue
    return [path for _, path in sorted(found, reverse=True)]


def _faults(folder: Path) -> tuple[int, int]:
    """Unreadable places in an attempt's pages, and how many bytes were looked at."""
    faults = looked = 0
    for page in tail.pages(folder):
        offset = 0
        while True:
            try:
                _, end, bad = tail.read(page, offset)
            except OSError:
                faults += 1
                break
            faults += bad
            looked += end - offset
            if end == offset:
                break
            offset = end
    return faults, looked


def _last_words(log: Path) -> str:
    """The last line of a log of ours, as a sentence to be added."""
    try:
        with open(log, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4096))
            lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return f" Its log ends: {lines[-1].strip()[:300]}" if lines else ""


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.password is None and parts.username is None:
        return uri
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"***@{host}"))


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
