"""What lies under /opt/ml: configuration and data before a container starts, what it wrote while and after it ran."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.sagemaker_double.jobs import Job
from tests.sagemaker_double.storage import Missing, list_keys, put, read, remove, split

__all__ = ["Checkpoints", "DownloadFailed", "Instance", "instances_of", "prepare", "upload"]


_UPLOADING, _UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"


class DownloadFailed(Exception):
    """An input of the job can't be had; its text is the reason of the failure."""


class Instance:
    """One instance of a job: its name, its group, and the folder that becomes its /opt/ml."""

    def __init__(self, name: str, group: str, kind: str, ml: Path) -> None:
        self.name = name
        self.group = group
        self.kind = kind
        self.ml = ml


def instances_of(job: Job, folder: Path) -> list[Instance]:
    """The instances of a job, algo-1 first."""
    placed = [(group, kind) for group, kind, count in job.groups for _ in range(count)]
    return [
        Instance(f"algo-{n}", group, kind, folder / f"algo-{n}" / "ml") for n, (group, kind) in enumerate(placed, 1)
    ]


def prepare(job: Job, host: Instance, hosts: list[Instance]) -> None:
    """Write a host's configuration and download its inputs.

    Raises:
        DownloadFailed: a channel has nothing in it.
    """
    for name in ("input/config", "input/data", "model", "output/data", "output/intermediate", "tmp"):
        (host.ml / name).mkdir(parents=True)
    config = host.ml / "input" / "config"
    (config / "hyperparameters.json").write_text(json.dumps(job.request.get("HyperParameters", {})))
    channels = job.request.get("InputDataConfig", [])
    mode = job.request["AlgorithmSpecification"]["TrainingInputMode"]
    described = {}
    for channel in channels:
        source = channel["DataSource"]["S3DataSource"]
        described[channel["ChannelName"]] = {
            "TrainingInputMode": channel.get("InputMode", mode),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        target = host.ml / "input" / "data" / channel["ChannelName"]
        _download(job.account, source, target, hosts.index(host), len(hosts))
    (config / "inputdataconfig.json").write_text(json.dumps(described))
    (config / "resourceconfig.json").write_text(json.dumps(_resources(host, hosts)))


def upload(job: Job, hosts: list[Instance], kind: str) -> bool:
    """Bring `model` or `output/data` of all hosts together to S3; False when there is nothing.

    Raises:
        Missing: the bucket is not there.
    """
    part = "model" if kind == "model" else "output/data"
    found: dict[str, Path] = {}
    for host in hosts:
        for path in sorted((host.ml / part).rglob("*")):
            found.setdefault(path.relative_to(host.ml / part).as_posix(), path)
    if not found:
        return False
    bucket, key = split(job.artefact(kind))
    if key.endswith("/"):
        for name, path in found.items():
            if path.is_file():
                put(job.account, bucket, key + name, path.read_bytes())
        return True
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, path in found.items():
            tar.add(path, name, recursive=False)
    put(job.account, bucket, key, buffer.getvalue())
    return True


class Checkpoints:
    """The folder of checkpoints and its place in S3: restored once, then brought there as it changes.

    While a file is brought there a marker lies beside it, and another one afterwards, until the next look. What is
    deleted in the folder is deleted in S3.
    """

    def __init__(self, job: Job, hosts: list[Instance]) -> None:
        config = job.request.get("CheckpointConfig")
        self._account = job.account
        self._folders: list[Path] = []
        self._known: dict[Path, tuple[int, int]] = {}
        self._marks: list[Path] = []
        if config:
            below = Path(config.get("LocalPath", "/opt/ml/checkpoints")).relative_to("/opt/ml")
            self._folders = [host.ml / below for host in hosts]
            self._bucket, prefix = split(config["S3Uri"])
            self._prefix = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""

    def restore(self) -> None:
        """Bring what is in S3 to every host.

        Raises:
            DownloadFailed: the bucket is not there.
        """
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                for key in list_keys(self._account, self._bucket, self._prefix):
                    _write(folder / key.removeprefix(self._prefix), key, read(self._account, self._bucket, key))
            except Missing as missing:
                raise DownloadFailed(f"ClientError: Checkpoint download failed: {missing}") from missing
            self._known.update(dict(_files(folder)))

    def sync(self) -> None:
        """Bring to S3 what has changed, as it is at this moment; what is half written goes half written."""
        while self._marks:
            _unmark(self._marks.pop())
        for folder in self._folders:
            there = dict(_files(folder))
            for path, seen in there.items():
                if self._known.get(path) != seen:
                    self._bring(folder, path, seen)
            for path in [path for path in self._known if path.is_relative_to(folder) and path not in there]:
                del self._known[path]
                with contextlib.suppress(Missing):
                    remove(self._account, self._bucket, self._key(folder, path))

    def _bring(self, folder: Path, path: Path, seen: tuple[int, int]) -> None:
        uploading, uploaded = path.with_name(path.name + _UPLOADING), path.with_name(path.name + _UPLOADED)
        try:
            uploading.touch()
            put(self._account, self._bucket, self._key(folder, path), path.read_bytes())
            self._known[path] = seen
            uploaded.touch()
            self._marks.append(uploaded)
        except (Missing, OSError):  # it may be renamed or deleted at any moment
            return
        finally:
            _unmark(uploading)

    def _key(self, folder: Path, path: Path) -> str:
        return self._prefix + path.relative_to(folder).as_posix()


def _download(account: str, source: dict[str, Any], target: Path, number: int, of: int) -> None:
    uri = source["S3Uri"]
    bucket, prefix = split(uri)
    target.mkdir(parents=True, exist_ok=True)
    try:
        if source["S3DataType"] == "ManifestFile":
            first, *names = json.loads(read(account, bucket, prefix))
            bucket, prefix = split(first["prefix"])
            keys = [prefix + name for name in names]
        else:
            keys = list_keys(account, bucket, prefix)
        if source.get("S3DataDistributionType") == "ShardedByS3Key":
            keys = keys[number::of]
        elif not keys:
            raise DownloadFailed(
                f'ClientError: Data download failed:No S3 objects found under S3 URL "{uri}" given in input data '
                "source. Please ensure that the bucket exists in the selected region, that objects exist under that S3 "
                "prefix, and that the role has s3:ListBucket permissions on the bucket."
            )
        for key in keys:
            _write(target / _within(prefix, key), key, read(account, bucket, key))
    except Missing as missing:
        raise DownloadFailed(f"ClientError: Data download failed:{missing}") from missing


def _within(prefix: str, key: str) -> str:
    """The path in the channel of a key under a prefix, which may end within a name, or be the key itself."""
    if prefix.endswith("/") or key.startswith(f"{prefix}/"):
        return key.removeprefix(prefix).lstrip("/")
    return key.removeprefix(prefix.rpartition("/")[0]).lstrip("/")


def _write(path: Path, key: str, content: bytes) -> None:
    if key.endswith("/"):
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _files(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """All but markers, with what shows that one has changed; folders may vanish meanwhile."""
    for below, inner, names in os.walk(folder):
        inner.sort()
        for name in sorted(names):
            path = Path(below, name)
            if name.endswith((_UPLOADING, _UPLOADED)):
                continue
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                if path.is_file():
                    yield path, (found.st_mtime_ns, found.st_size)


def _unmark(mark: Path) -> None:
    with contextlib.suppress(OSError):
        mark.unlink()


def _resources(host: Instance, hosts: list[Instance]) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    for one in hosts:
        group = {"instance_group_name": one.group, "instance_type": one.kind, "hosts": []}
        groups.setdefault(one.group, group)["hosts"].append(one.name)
    return {
        "current_host": host.name,
        "current_instance_type": host.kind,
        "current_group_name": host.group,
        "hosts": [one.name for one in hosts],
        "instance_groups": list(groups.values()),
        "network_interface_name": "lo",
    }
