"""The state of a model below a URL of S3: the same files as in a folder, one object each.

S3 renames nothing, so a state comes file by file and ``state.json``, which has the others' hashes, comes last. Who
reads meanwhile finds files that it does not speak of, and says so instead of mixing two states.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib import import_module

from jupyter_training.runtime import state
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["S3State"]

_GONE = ("404", "NoSuchKey", "NotFound")


class S3State:
    """``client``: of boto3; made when it is first needed, from the credentials that are there."""

    def __init__(self, url: str, client: Any = None) -> None:
        self.url = url.rstrip("/")
        self._bucket, _, self._prefix = self.url[len("s3://") :].partition("/")
        self._client = client

    @property
    def place(self) -> str:
        return self.url

    def fetch(self, folder: str) -> dict[str, Any]:
        there = self._names()
        if state.MODEL not in there:
            raise state.NoState(f"There is no state to begin with: {self.url} has no {state.MODEL}.")
        os.makedirs(folder, exist_ok=True)
        for name in state.FILES:
            if name in there:
                self._ask("download_file", self._bucket, self._key(name), os.path.join(folder, name))
        found = state.about(folder)
        state.check(found, folder, self.url)
        return found

    def about(self) -> dict[str, Any]:
        content = self.read(state.ABOUT)
        try:
            found = json.loads(content) if content is not None else {}
        except ValueError:
            raise state.NoState(f"{self.url}/{state.ABOUT} is no JSON.") from None
        return found if isinstance(found, dict) else {}

    def read(self, name: str) -> bytes | None:
        try:
            content: bytes = self._ask("get_object", Bucket=self._bucket, Key=self._key(name))["Body"].read()
        except FileNotFoundError:
            return None
        return content

    def has(self, name: str) -> bool:
        return name in self._names()

    def publish(self, made: str) -> None:
        for name in sorted(os.listdir(made), key=lambda one: (one == state.ABOUT, one)):
            self._ask("upload_file", os.path.join(made, name), self._bucket, self._key(name))
        shutil.rmtree(made, ignore_errors=True)

    def _names(self) -> set[str]:
        """The files that lie right below the URL, without what is being copied there."""
        start = self._key("")
        found: set[str] = set()
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", Bucket=self._bucket, Prefix=start, Delimiter="/", **more)
            for one in page.get("Contents", ()):
                name = one["Key"][len(start) :]
                if name and not checkpoints.is_marker(name):
                    found.add(name)
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _ask(self, method: str, *args: Any, **given: Any) -> Any:
        """One call of the client.

        Raises:
            FileNotFoundError: there is no such object; OSError: it can't be had. boto3's own errors are none of these.
        """
        client = self._boto()
        try:
            return getattr(client, method)(*args, **given)
        except OSError:
            raise
        except Exception as error:
            if _code(error) in _GONE:
                raise FileNotFoundError(f"{self.url} is not there: {error}") from error
            raise OSError(f"{self.url} can't be reached: {error}") from error

    def _boto(self) -> Any:
        if self._client is None:
            try:
                boto3 = import_module("boto3")
            except ImportError:
                raise state.NoState(f"{self.url} can't be reached: this Python has no boto3.") from None
            self._client = boto3.client("s3")
        return self._client


def _code(error: Exception) -> str:
    """The code of an error of boto3."""
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
