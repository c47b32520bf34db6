"""A private PostgreSQL server for a test session: unix socket only, in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cluster", "cluster", "programs"]


def programs() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@dataclass(frozen=True)
class Cluster:
    """A running server. Whoever uses a database of it leaves it as it was found."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://store@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="store", dbname=database, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def cluster(binaries: Path) -> Iterator[Cluster]:
    """Start a server; as root, which it refuses to run as, under an account without rights."""
    account = _account() if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="jt-pg-", dir="/tmp"))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        _run(account, binaries / "initdb", "-D", data, "-U", "store", "-A", "trust", "-E", "UTF8", "--no-sync")
        quick = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=16MB"
        options = f"-k {folder} -c listen_addresses= -c max_connections=200 {quick}"
        _run(account, binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Cluster(folder)
        finally:
            _run(account, binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no account without rights to run PostgreSQL under")


def _run(account: pwd.struct_passwd | None, *words: str | Path) -> None:
    # No pipe for what it says: the server would inherit it and keep it open.
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/tmp",
        check=False,
        timeout=60,
        user=account.pw_uid if account is not None else None,
        group=account.pw_gid if account is not None else None,
        extra_groups=[] if account is not None else None,
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}")
