"""A state below a URL of S3, with a client that keeps its objects in a dict."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.runtime import state
from jupyter_training.runtime.state_s3 import S3State


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Bucket:
    """What is asked of boto3's client; a page has two keys. ``puts``: in their order."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = dict(objects)
        self.puts: list[str] = []
        self.refuses: str | None = None

    def list_objects_v2(self, **given: Any) -> Any:
        prefix = given["Prefix"]
        if self.refuses:
            raise Refused(self.refuses)
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and "/" not in key[len(prefix) :]]
        at = int(given.get("ContinuationToken", "0"))
        page = {"Contents": [{"Key": key} for key in keys[at : at + 2]], "IsTruncated": at + 2 < len(keys)}
        return {**page, "NextContinuationToken": str(at + 2)}

    def get_object(self, **given: Any) -> Any:
        if given["Key"] not in self.objects:
            raise Refused("NoSuchKey")
        return {"Body": io.BytesIO(self.objects[given["Key"]])}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.objects[key])

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.puts.append(key)
        self.objects[key] = Path(path).read_bytes()


def made(folder: Path, text: str) -> str:
    folder.mkdir()
    (folder / state.MODEL).write_text(text)
    (folder / state.LEARNER).write_text(f"learner of {text}")
    (folder / state.HISTORY).write_text("update_id\n0\n")
    state.seal(str(folder), {}, {"update_id": 0})
    return str(folder)


def test_what_is_published_is_fetched_and_what_says_it_is_whole_comes_last(tmp_path: Path) -> None:
    bucket = Bucket()
    place = S3State("s3://mine/states/one/", bucket)
    place.publish(made(tmp_path / "made", "first"))
    assert "states/one/state.json" == bucket.puts[-1]
    assert 4 == len(bucket.puts)
    found = place.fetch(str(tmp_path / "input"))
    assert "first" == (tmp_path / "input" / state.MODEL).read_text()
    assert found["id"] == place.about()["id"]
    assert b"update_id\n0\n" == place.read(state.HISTORY)
    assert not (tmp_path / "made").exists()


def test_marks_of_partial_uploads_and_other_files_stay_there(tmp_path: Path) -> None:
    """Renate's test 14."""
    names = ("model.ckpt", "model.ckpt.sagemaker-uploading", "learner.ckpt.sagemaker-uploading", "notes.txt")
    bucket = Bucket(**{f"one/{name}": b"x" for name in names}, **{"one/sub/model.ckpt": b"y"})
    S3State("s3://mine/one", bucket).fetch(str(tmp_path / "input"))
    assert ["model.ckpt"] == [one.name for one in (tmp_path / "input").iterdir()]
    alone = Bucket(**{"one/model.ckpt.sagemaker-uploading": b"x"})
    assert not S3State("s3://mine/one", alone).has(state.MODEL)
    with pytest.raises(state.NoState, match="There is no state to begin with: s3://mine/one has no model.ckpt"):
        S3State("s3://mine/one", alone).fetch(str(tmp_path / "other"))


def test_two_states_are_not_mixed(tmp_path: Path) -> None:
    bucket = Bucket()
    place = S3State("s3://mine/one", bucket)
    place.publish(made(tmp_path / "a", "first"))
    bucket.objects["one/model.ckpt"] = b"second, whose state.json is still to come"
    with pytest.raises(state.NoState, match=r"damaged: model.ckpt is not what its state.json says"):
        place.fetch(str(tmp_path / "input"))


def test_what_is_not_there_or_not_allowed_is_a_sentence(tmp_path: Path) -> None:
    bucket = Bucket(**{"one/state.json": b"no json"})
    place = S3State("s3://mine/one", bucket)
    assert place.read(state.MODEL) is None
    with pytest.raises(state.NoState, match=r"s3://mine/one/state.json is no JSON"):
        place.about()
    bucket.refuses = "AccessDenied"
    with pytest.raises(OSError, match=r"s3://mine/one can't be reached: AccessDenied"):
        place.has(state.MODEL)
    assert json.dumps({}) == json.dumps(S3State("s3://mine/two", Bucket()).about())


def test_urls_mean_places() -> None:
    found: Any = state.at("s3://mine/one/")
    assert ("s3://mine/one", S3State) == (found.place, type(found))
    for url in ("s3://", "gs://mine/one"):
        with pytest.raises(ValueError, match="below s3://BUCKET/FOLDER"):
            state.at(url)
