"""What is asked of AWS while nobody needs it: nothing."""

from __future__ import annotations

from tests.backends.sagemaker.memory import Still, expired


def test_a_pool_that_nobody_asks_for_any_more_is_not_looked_up_again(still: Still) -> None:
    still.go(100, step=1.0)
    asked = still.aws.calls.total()
    assert asked > 0
    still.go(3600, step=1.0)
    assert asked == still.aws.calls.total()
    still.backend.standings([still.pool()])
    still.go(10, step=1.0)
    assert asked < still.aws.calls.total(), "now somebody does"


def test_credentials_that_have_expired_are_not_looked_for_where_nobody_needs_them(still: Still) -> None:
    still.aws.first("quotas", *[expired] * 100_000)
    still.go(100, step=1.0)
    renewed = still.aws.renewed
    assert renewed > 0
    still.go(3600, step=1.0)
    assert renewed == still.aws.renewed
