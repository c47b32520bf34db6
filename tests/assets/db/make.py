"""Make a database file of an older schema, to be kept: `python -m tests.assets.db.make 0001`.

A kept file is never made again: it is what that version of the program wrote.
Before a new revision is added, its predecessor's file is made with the program
that still ends there. The rows are written by SQL of that time.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from jupyter_training.store import databases, migrate
from jupyter_training.store.copies import copy_file

HERE = Path(__file__).parent

_FRAME = (
    '{"entry":{"kind":"script","path":"train.py","function":null,"args":[],"shown_as":null},"files":[],"resources":'
    '{"slots":1,"gpus":0,"cpus":null,"memory":null},"environment":{"kind":"current","python":null,"folder":null,'
    '"variables":{},"pass_env":[]},"launcher":"plain","timeout":null,"grace":10.0,"metrics":"auto","tags":{}}'
)

# name, state, desired, reason, attempts
_JOBS = (
    ("done", "succeeded", "run", "completed", 1),
    ("unmirrored", "failed", "run", "error", 1),
    ("killed", "running", "kill", None, 1),
    ("canceled", "running", "cancel", None, 1),
    ("waiting", "queued", "run", None, 0),
)


def make(revision: str) -> Path:
    """Write ``jobs-<revision>.sqlite`` beside this file."""
    target = HERE / f"jobs-{revision}.sqlite"
    with tempfile.TemporaryDirectory() as folder:
        from jupyter_training.settings import Settings

        jobs, points = databases.open_databases(Settings(home=Path(folder)), patience=5)
        migrate.upgrade(jobs, revision)
        jobs.dispose()
        points.dispose()
        with closing(sqlite3.connect(Path(folder) / "jobs.sqlite")) as connection:
            _fill(connection)
            connection.commit()
        copy_file(Path(folder) / "jobs.sqlite", target)
    return target


def _fill(connection: sqlite3.Connection) -> None:
    identity = {"store_id": "5" * 32, "machine_id": "first-machine", "machine_host": "lab-1", "program": "0.0.1"}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", identity.items())
    connection.execute("INSERT INTO pools (name, backend, slots, policy) VALUES ('local', 'local', 2, 'priority')")
    for seq, (name, state, desired, reason, attempts) in enumerate(_JOBS, 1):
        job = name[0] * 10
        own = f'{{"name":"{name}","params":{{"lr":0.{seq}}}}}'
        connection.execute("INSERT INTO specs VALUES (?, ?, ?)", (f"{seq:064d}", _FRAME, own))
        connection.execute(
            "INSERT INTO jobs (seq, id, key, spec_hash, name, user_name, pool, priority, position, desired, generation,"
            " holds, state, reason, submitted, started, ended, attempt, version, run_id)"
            " VALUES (?, ?, ?, ?, ?, 'ada', 'local', 42, ?, ?, 0, '', ?, ?, 1700000000.0, ?, ?, ?, ?, ?)",
            (
                *(seq, job, f"key-{seq}", f"{seq:064d}", name, float(seq), desired, state, reason),
                *(1700000001.0 if attempts else None, 1700000009.0 if reason else None, attempts, seq),
                "run-1" if name == "done" else None,
            ),
        )
        connection.execute("INSERT INTO changes VALUES (?, 'submitted', ?, 1700000000.0)", (seq, job))
        if attempts:
            stopping = 1700000005.0 if desired != "run" else None
            connection.execute(
                "INSERT INTO attempts (job, number, state, seen, reason, pool, slots, devices, token, created, started,"
                " stopping, ended, generation) VALUES (?, 1, ?, 'live', ?, 'local', 1, '', 't', 1700000000.0,"
                " 1700000001.0, ?, ?, 0)",
                (job, "ended" if reason else "stopping", reason, stopping, 1700000009.0 if reason else None),
            )
    connection.execute("INSERT INTO records VALUES (?, '0', 'run-1', 7, 1, 1, 1)", ("d" * 10,))
    connection.execute("INSERT INTO records VALUES (?, '0', 'run-2', 3, 1, 0, 1)", ("u" * 10,))


if __name__ == "__main__":
    sys.stdout.write(f"{make(sys.argv[1])}\n")
