"""Each way in which a training job ends, in real containers."""

from __future__ import annotations

import pytest

from jupyter_training.core.lifecycle import EndReason
from tests.backends.sagemaker.stand import Stand

pytestmark = pytest.mark.processes

REPORTS = """
from jupyter_training import report
for step in range(3):
    report(step=step, loss=1 / (1 + step))
print("the end")
"""


def test_one_that_completes_is_here_as_if_it_had_run_here(stand: Stand) -> None:
    ref = stand.launch(REPORTS)
    seen = stand.ended(ref)
    assert (EndReason.COMPLETED, 0) == (seen.end and seen.end.reason, seen.end and seen.end.exit_code)
    assert [[0, {"loss": 1.0}], [1, {"loss": 0.5}], [2, {"loss": 1 / 3}]] == [
        one[2:4] for one in stand.events(ref, "p")
    ]
    assert "the end\n" in stand.log(ref)
