"""What things of ours are called at AWS."""

from __future__ import annotations

import re

import pytest

from jupyter_training.backends.sagemaker import names
from jupyter_training.core.ids import JobId

JOB = JobId("abcdefghij")
PATTERN = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\Z")


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("digits", 1, "jt-digits-abcdefgh-1"),
        ("my_model.v2", 12, "jt-my-model-v2-abcdefgh-12"),
        ("...", 1, "jt-abcdefgh-1"),
        ("-a-", 1, "jt-a-abcdefgh-1"),
        ("x" * 63, 1, f"jt-{'x' * 49}-abcdefgh-1"),
        ("a" * 48 + "_b", 1, f"jt-{'a' * 48}-abcdefgh-1"),
    ],
)
def test_a_training_jobs_name_follows_from_the_attempt(name: str, number: int, expected: str) -> None:
    found = names.job_name(name, JOB, number)
    assert expected == found
    assert PATTERN.match(found)
    assert len(found) <= 63


def test_names_are_within_the_services_pattern_for_every_number() -> None:
    for number in (1, 10, 99_999):
        for name in ("a", "A.b_c-d" * 9, "é", "9"):
            assert PATTERN.match(names.job_name(name, JOB, number))


def test_a_tag_proves_whose_a_training_job_is_without_telling_the_token() -> None:
    tags = names.tags(JOB, 2, token="secret", store="s", version="1.0")
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    assert names.token_hash("secret") == names.proof(listed)
    assert names.token_hash("other") != names.proof(listed)
    assert names.proof([{"Key": "team", "Value": "x"}]) is None
    assert "secret" not in str(tags)


@pytest.mark.parametrize(
    ("stream", "host"), [("jt-a-1/algo-1-1700000000", "algo-1"), ("jt-a-1/algo-12-1", "algo-12"), ("jt-a-1/odd", "odd")]
)
def test_a_stream_names_its_host(stream: str, host: str) -> None:
    assert host == names.host_of(stream)
