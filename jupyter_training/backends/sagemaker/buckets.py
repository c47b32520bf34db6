"""Which profile reaches a bucket that no default credentials reach: kept when a job is settled that writes there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from jupyter_training.backends.sagemaker import kept
from jupyter_training.settings import Settings

__all__ = ["note", "reach"]

_S3 = "s3://"
_FILE = "buckets.json"


def note(folder: Path, bucket: str, region: str, profile: str | None) -> None:
    """Keep that this profile reaches the bucket; without one, that the credentials do which are there anyway."""
    value: JsonValue = {"profile": profile, "region": region} if profile is not None else {}
    if kept.read(folder / _FILE).get(bucket, {}) != value:
        kept.put(folder / _FILE, bucket, value)


def reach(settings: Settings, url: str) -> dict[str, Any]:
    """What s3fs has to be told about a URL."""
    if not url.startswith(_S3):
        return {}
    bucket = url.removeprefix(_S3).partition("/")[0]
    found = kept.read(settings.home / "sagemaker" / _FILE).get(bucket)
    if not isinstance(found, dict) or not found.get("profile"):
        return {}
    return {"profile": found["profile"], "client_kwargs": {"region_name": found.get("region")}}
