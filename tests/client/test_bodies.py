"""What verbs send, where that decides whether a repeat is harmless and whether what is not named stays."""

from __future__ import annotations

from typing import Any, cast

import pytest

from jupyter_training.client.connection import Connection
from jupyter_training.client.verbs import Verbs


class Noting:
    """A connection that keeps what is sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def record(self, method: str, path: str, *, body: Any = None, **_: object) -> dict[str, Any]:
        if body is not None:
            self.bodies.append(body)
        return {"spec": {"environment": {"pass_env": []}}}


@pytest.fixture
def sent() -> tuple[Verbs, list[dict[str, Any]]]:
    verbs, noting = Verbs(), Noting()
    verbs._connection = cast(Connection, noting)
    return verbs, noting.bodies


def test_each_resume_has_a_key_of_its_own_unless_it_is_given_one(sent: tuple[Verbs, list[dict[str, Any]]]) -> None:
    verbs, bodies = sent
    verbs.resume("aaaaaaaaaa")
    verbs.resume("aaaaaaaaaa")
    verbs.resume("aaaaaaaaaa", key="key-12345678")
    first, second, third = (body["key"] for body in bodies)
    assert (True, 32, "key-12345678") == (first != second, len(first), third)


def test_a_metric_that_is_not_named_is_not_sent_and_an_empty_one_takes_it_away(
    sent: tuple[Verbs, list[dict[str, Any]]],
) -> None:
    verbs, bodies = sent
    for metric in (None, "", "loss"):
        verbs.retention("aaaaaaaaaa", {"trial_best": 1}, metric=metric)
    assert [("metric" in body, body.get("metric")) for body in bodies] == [(False, None), (True, None), (True, "loss")]
