"""What an attempt needs in S3, put there: each content once, however many jobs need it, also at the same time.

    boot/<hash>/       what starts the code            code/<hash>/code.tar.gz    the code
    data/<hash>/       values taken along              inputs/<hash>/             files of this machine
    start/<hash>/      the checkpoint of another job   jobs/<job>/<attempt>/      the order

A place that is named by its content is never written twice: S3 refuses the
second one, and what this process knows to be there is not asked for.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_training.backends.sagemaker import packing, starting
from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.packing import File
from jupyter_training.backends.sagemaker.places import Places, root
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.backends.sagemaker.remote import Intent
from jupyter_training.core.job import JobSpec
from jupyter_training.runtime import archive
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings

__all__ = ["SENDERS", "Busy", "Uploads"]

_KNOWN_FOR = 3600.0  # seconds for which what was there is taken to be there
_LOOKED_FOR = 1_000_000  # bytes; of a larger file it is asked whether it is there before it is sent
_IN_PARTS = 100_000_000  # bytes; a larger file is sent in parts
_AT_ONCE = 8
SENDERS = 3  # attempts whose content is sent at once: the threads have more to do
_MARK = ".complete"  # beside a folder of many files once all of them are there


class Busy(Exception):
    """Somebody sends the same just now, or as many send as may."""


class Uploads:
    """Into the buckets of one region. Safe for any number of threads."""

    def __init__(self, region: Region, settings: Settings, clock: Clock) -> None:
        self._region = region
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._sending: set[str] = set()
        self._there: dict[str, float] = {}  # URLs, and the boot time at which they were known to be there
        self._codes: dict[str, str] = {}  # hashes of archives by ``code_key``

    def ensure(self, intent: Intent, say: Callable[[str], None]) -> Places:
        """Put there what the attempt needs and what is not there; where everything is. May be repeated.

        Raises:
            Busy: others send now; ask again.
            Failed: AWS did not take it.
            LaunchFailed: something that it needs is not there any more.
            OSError: this machine's disk can't be read or written.
        """
        chosen = intent.chosen
        base = root(chosen.bucket, chosen.prefix)
        spec = intent.spec
        boot = self._boot(base)
        say("uploading the code")
        code = self._code(base, spec)
        data = self._data(base, spec, say) if spec.data else None
        inputs = {}
        for channel, path in chosen.local_inputs.items():
            say(f"uploading the input {channel}")
            inputs[channel] = self._input(base, Path(path))
        plan = starting.plan(intent, base, self._settings.checkpoints)
        start = self._start(base, plan, say)
        places = Places.of(
            base,
            job=intent.job,
            attempt=intent.number,
            boot=boot,
            code=code,
            data=data,
            start=start,
            inputs=inputs,
            kept_at=spec.checkpoints.to,
        )
        order = starting.order(intent, plan, places, self._settings)
        self._put(places.order, order, once=False)
        return places

    def _boot(self, base: str) -> str:
        files = archive.boot_files()
        digest = hashlib.sha256()
        for name, content in sorted(files.items()):
            digest.update(f"{name} {len(content)}\n".encode() + content)
        found = digest.hexdigest()[:32]

        def send() -> None:
            for name, content in files.items():
                self._put(f"{base}/boot/{found}/{name}", content)

        self._once(f"{base}/boot/{found}", send)
        return found

    def _code(self, base: str, spec: JobSpec) -> str:
        key = packing.code_key(spec)
        known = self._codes.get(key)
        if known is not None and self._is_there(f"{base}/code/{known}"):
            return known

        def send() -> None:
            within = self._settings.home / "sagemaker"
            with packing.code_archive(
                spec, data=self._settings.data, blobs=self._settings.blobs, within=within
            ) as made:
                digest = packing.digest_of(made)
                file = File("code.tar.gz", made, made.stat().st_size)
                self._put_file(f"{base}/code/{digest}/{file.path}", file)
            self._codes[key] = digest
            self._note(f"{base}/code/{digest}")

        self._once(f"{base}/code of {key}", send)
        return self._codes[key]

    def _data(self, base: str, spec: JobSpec, say: Callable[[str], None]) -> str:
        say("uploading the values that it takes along")
        key = packing.data_key(spec.data)
        files = starting.data_files(spec.data, self._settings.data)
        self._once(f"{base}/data/{key}", lambda: self._put_all(f"{base}/data/{key}", files))
        return key

    def _input(self, base: str, path: Path) -> str:
        found = packing.tree(path)
        url = f"{base}/inputs/{found.digest}"
        self._once(url, lambda: self._put_tree(url, found.files))
        return found.digest

    def _start(self, base: str, plan: starting.Start, say: Callable[[str], None]) -> str | None:
        if plan.uploaded is None:
            return None
        one = plan.uploaded
        say(f"uploading the checkpoint of step {one.step:,}")
        url = f"{base}/start/{one.sha256}"

        def send() -> None:
            if one.place is None:
                folder = self._settings.checkpoints / plan.job / one.name
                self._put_tree(f"{url}/{one.name}", packing.tree(folder).files)
            else:
                self._copy(one.place, f"{url}/{one.name}")

        self._once(f"{url}/{one.name}", send)
        return url

    def _put_tree(self, url: str, files: Sequence[File]) -> None:
        """A folder, unless all of it is there."""
        if not self._exists(url + _MARK):
            self._put_all(url, files)
            self._put(url + _MARK, b"")

    def _put_all(self, url: str, files: Sequence[File]) -> None:
        if len(files) == 1:
            self._put_file(f"{url}/{files[0].path}", files[0])
            return
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sagemaker-upload") as pool:
            for done in [pool.submit(self._put_file, f"{url}/{file.path}", file) for file in files]:
                done.result()

    def _put_file(self, url: str, file: File) -> None:
        if file.size > _LOOKED_FOR and self._exists(url, file.size):
            return
        with open(file.source, "rb") as content:
            if file.size <= _IN_PARTS:
                self._put(url, content)
                return
            bucket, key = _parts(url)
            self._region.call(None, "s3", "upload_fileobj", "s3:PutObject", Fileobj=content, Bucket=bucket, Key=key)

    def _put(self, url: str, content: Any, *, once: bool = True) -> None:
        bucket, key = _parts(url)
        condition = {"IfNoneMatch": "*"} if once else {}
        try:
            self._region.call(
                None, "s3", "put_object", "s3:PutObject", Bucket=bucket, Key=key, Body=content, **condition
            )
        except Failed as failed:
            is_there = failed.answer.code in ("PreconditionFailed", "412")
            if not is_there:
                raise

    def _exists(self, url: str, size: int | None = None) -> bool:
        """Whether S3 has it, of that size. False also where the caller may not look."""
        bucket, key = _parts(url)
        try:
            found = self._region.call(None, "s3", "head_object", "s3:GetObject", Bucket=bucket, Key=key)
        except Failed as failed:
            if failed.answer.kind in (Kind.MISSING, Kind.DENIED):
                return False
            raise
        return size is None or found.get("ContentLength") == size

    def _copy(self, source: str, url: str) -> None:
        """All that lies below a place of S3, to another one."""
        from_bucket, prefix = _parts(source)
        bucket, key = _parts(url)
        token: dict[str, str] = {}
        while True:
            listed = self._region.call(
                None, "s3", "list_objects_v2", "s3:ListBucket", Bucket=from_bucket, Prefix=f"{prefix}/", **token
            )
            for one in listed.get("Contents", ()):
                name = one["Key"][len(prefix) + 1 :]
                self._region.call(
                    *(None, "s3", "copy", "s3:GetObject"),
                    CopySource={"Bucket": from_bucket, "Key": one["Key"]},
                    Bucket=bucket,
                    Key=f"{key}/{name}",
                )
            if not listed.get("IsTruncated"):
                return
            token = {"ContinuationToken": listed["NextContinuationToken"]}

    def _once(self, url: str, send: Callable[[], object]) -> None:
        """Send it, unless it is known to be there.

        Raises:
            Busy: somebody does so, or as many as may send something else.
        """
        with self._lock:
            if self._is_there(url):
                return
            if url in self._sending or len(self._sending) >= SENDERS:
                raise Busy
            self._sending.add(url)
        try:
            send()
            self._note(url)
        finally:
            with self._lock:
                self._sending.discard(url)

    def _is_there(self, url: str) -> bool:
        at = self._there.get(url)
        return at is not None and self._clock.boot() - at < _KNOWN_FOR

    def _note(self, url: str) -> None:
        self._there[url] = self._clock.boot()


def _parts(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key
