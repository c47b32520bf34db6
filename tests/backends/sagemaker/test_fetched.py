"""Results come here if they can be had within some minutes; an attempt's end waits no longer for them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.seams.backend import AttemptRef
from tests.backends.sagemaker.memory import Memory, Still
from tests.backends.sagemaker.test_ends import reason

Fetch = Callable[[Memory, Any], None]  # into a file


def packed(*names: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    return made.getvalue()


def ended(still: Still, fetch: Fetch, *, seconds: float) -> AttemptRef:
    """An attempt that AWS has completed, with an output that is fetched so; it ends here within these seconds."""

    def download_fileobj(*, Key: str, Fileobj: Any, **request: Any) -> None:  # noqa: N803 (boto3's names)
        still.aws.calls["download"] += 1
        fetch(still.aws, Fileobj)

    def size(aws: Memory, request: dict[str, Any]) -> dict[str, int] | None:
        return {"ContentLength": 100} if request["Key"].endswith("output.tar.gz") else None

    still.aws.download_fileobj = download_fileobj  # type: ignore[attr-defined]
    still.aws.first("head", *[size] * 100)
    ref = still.taken()
    still.aws.runs(still.name(ref), "Completed", "Completed")
    assert still.go(seconds, lambda: still.see(ref).end is not None), still.see(ref).stage
    assert EndReason.COMPLETED is reason(still.see(ref).end)
    return ref


def note(still: Still, ref: AttemptRef) -> str:
    return (still.outputs(ref) / "at_aws.txt").read_text()


@pytest.fixture
def still(still: Still) -> Still:
    """With the pauses of a real AWS."""
    still.pace = Pace()
    still.backend = still.new_backend()
    still.backend.standings([still.pool()])
    return still


def test_a_network_that_is_away_for_minutes_costs_no_result(still: Still) -> None:
    back = still.clock.boot() + 300

    def fetch(aws: Memory, file: Any) -> None:
        if still.clock.boot() < back:
            raise EndpointConnectionError(endpoint_url="https://s3")
        file.write(packed("a.txt"))

    ref = ended(still, fetch, seconds=900)
    assert "x" == (still.outputs(ref) / "a.txt").read_text()


def test_what_stays_at_aws_is_named_beside_the_outputs(still: Still) -> None:
    def fetch(aws: Memory, file: Any) -> None:
        raise OSError(28, "No space left on device")

    ref = ended(still, fetch, seconds=900)
    assert f"{still.name(ref)}/output/: [Errno 28] No space left on device" in note(still, ref)
    assert 5 == still.aws.calls["download"]


def test_an_archive_that_no_folder_can_hold_is_fetched_once(still: Still) -> None:
    ref = ended(still, lambda aws, file: file.write(packed("a", "a/b")), seconds=2 * Pace().drain_unended + 60)
    assert "output.tar.gz: 'a/b' in it can't be made here" in note(still, ref)
    assert 1 == still.aws.calls["download"]


def test_a_fault_of_ours_keeps_no_attempt_from_its_end(still: Still) -> None:
    def fetch(aws: Memory, file: Any) -> None:
        raise ZeroDivisionError

    ended(still, fetch, seconds=900)
    assert 5 == still.aws.calls["download"]
