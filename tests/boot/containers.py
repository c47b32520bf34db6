"""Builders: a folder in the place of /opt/ml, as a service fills it, and the first process started on it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_training.boot.places import ROOT
from jupyter_training.runtime import archive
from jupyter_training.spool import identity, layout
from tests.runtime.attempts import until

__all__ = ["Container", "container", "packed"]

_DEADLINE = 60.0


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """A code archive of these files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


def container(
    root: Path,
    code: str = "",
    *,
    kind: str = "script",
    name: str = "train.py",
    function: str | None = None,
    shown_as: str | None = None,
    args: tuple[str, ...] = (),
    params: Mapping[str, Any] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    data: Mapping[str, tuple[str, bytes]] | None = None,
    inputs: Mapping[str, Mapping[str, str]] | None = None,
    host: str = "algo-1",
    hosts: tuple[str, ...] = ("algo-1",),
    checkpoints: Mapping[str, Any] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    **order: Any,
) -> Container:
    """A container that stands ready to be started."""
    params = dict(params or {})
    entry = {"kind": kind, "path": name, "function": function, "args": list(args), "shown_as": shown_as}
    record = {
        "version": 1,
        "job": "job",
        "attempt": 1,
        "token": "token",
        "store": "store",
        "launcher": "plain",
        "entry": entry,
        "params": params,
        "data": [{"name": one, "kind": kind, "file": f"{one}.value"} for one, (kind, _) in (data or {}).items()],
        "grace": 5.0,
        "stop_within": 5.0,
        "pause_within": 30.0,
        "requirements": None,
        "folder": None,
        "variables": {},
        "sample_every": 0.5,
        "log_cap_bytes": 2**30,
        "log_head_bytes": 2**26,
        "hook_within": 60.0,
        "checkpoints": {"url": "s3://bucket/checkpoints/job", **(checkpoints or {})},
        **order,
    }
    _write(root / "input/data/jt_order/order.json", json.dumps(record).encode())
    _write(root / "input/data/jt_code/code.tar.gz", packed({name: code, **(files or {})}))
    for one, content in archive.boot_files().items():
        _write(root / "input/data/jt_boot" / one, content)
    for one, (_, content) in (data or {}).items():
        _write(root / f"input/data/jt_data/{one}.value", content)
    for channel, contents in (inputs or {}).items():
        for path, text in contents.items():
            _write(root / "input/data" / channel / path, text.encode())
    configured: dict[str, Any] = {
        "hyperparameters": {key: json.dumps(value) for key, value in {**params, **(hyperparameters or {})}.items()},
        "inputdataconfig": {
            channel: {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
            for channel in ["jt_boot", "jt_code", "jt_order", *(inputs or {})]
        },
        "resourceconfig": {
            "current_host": host,
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": list(hosts),
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": list(hosts)}
            ],
            "network_interface_name": "eth0",
        },
    }
    for one, about in configured.items():
        _write(root / f"input/config/{one}.json", json.dumps(about).encode())
    return Container(root)


@dataclass
class Container:
    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    def start(self, **variables: str) -> Running:
        words = [sys.executable, str(self.root / "input/data/jt_boot/boot.py")]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "TMPDIR": str(self.root.parent),
            "TRAINING_JOB_NAME": "jt-job-1",
            ROOT: str(self.root),
            **self.variables,
            **variables,
        }
        process = subprocess.Popen(
            words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.started.append(Running(process, self.root))
        return self.started[-1]

    def run(self, **variables: str) -> Running:
        """From its start to its end."""
        running = self.start(**variables)
        running.code  # noqa: B018 (waits)
        return running

    def kill_all(self) -> None:
        for one in self.started:
            one.kill()

    @property
    def failure(self) -> str | None:
        path = self.root / "output/failure"
        return path.read_text() if path.exists() else None

    def checkpoints(self) -> list[str]:
        return sorted(path.name for path in (self.root / "checkpoints").iterdir())


class Running:
    """One run of a container. Each line has the time at which it came."""

    def __init__(self, process: subprocess.Popen[bytes], root: Path) -> None:
        self.process = process
        self.lines: list[tuple[float, str]] = []
        self._root = root
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append((time.time(), line.decode("utf-8")))

    @cached_property
    def code(self) -> int:
        code = self.process.wait(_DEADLINE)
        self._reader.join(_DEADLINE)
        return code

    # -- what it said ----------------------------------------------------------------------------------------------

    def records(self, *kinds: str) -> list[list[Any]]:
        found, part = [], ""
        for _, line in list(self.lines):
            if line.startswith("[jt<] "):
                part += line[6:-1]
            elif line.startswith("[jt] "):
                found.append(json.loads(part + line[5:-1]))
                part = ""
        return [one for one in found if not kinds or one[0] in kinds]

    def record(self, kind: str) -> dict[str, Any]:
        (found,) = self.records(kind)
        about: dict[str, Any] = found[2]
        return about

    @property
    def printed(self) -> list[str]:
        return [line.rstrip("\n") for _, line in list(self.lines) if not line.startswith(("[jt] ", "[jt<] "))]

    def wait_for(self, line: str) -> None:
        until(lambda: line in self.printed or self.process.poll() is not None, what=line)
        assert line in self.printed, self.printed

    def points(self) -> list[tuple[int | None, dict[str, float]]]:
        return [(event[2], event[3]) for event in self.records("p")]

    # -- what becomes of it ----------------------------------------------------------------------------------------

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    @property
    def folder(self) -> Path:
        """The attempt's, while it is there."""
        (found,) = until(lambda: list((self._root / "output/jt").glob("*/order.json")), what="the attempt's folder")
        return Path(found).parent

    def kill(self) -> None:
        """As the end of a machine does: all of it at once, the first process first."""
        self.process.kill()
        self.process.wait()
        for folder in (self._root / "output/jt").glob("*"):
            for name in ("supervisor.json", "process.json"):
                record = layout.read_json(folder / name)
                if record is not None:
                    _kill(record)
        self._reader.join(_DEADLINE)


def _kill(record: Mapping[str, Any]) -> None:
    if identity.is_alive(record.get("pid"), record.get("start_time"), record.get("boot_id")):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(record["pid"]), signal.SIGKILL)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
