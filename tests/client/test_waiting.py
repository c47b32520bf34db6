"""What is said of a job that failed."""

from __future__ import annotations

import pytest

from jupyter_training.client.waiting import _collapsed, _telling

FIRST = "Traceback (most recent call last)\n  one\nKeyError: 1\n"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("a\nb\n", "a\nb"),
        ("\n".join(str(n) for n in range(30)), "\n".join(str(n) for n in range(20, 30))),
        (f"before\n{FIRST}", FIRST.strip()),
        (
            f"{FIRST}caught it\nTraceback (most recent call last)\nValueError\n",
            "Traceback (most recent call last)\nValueError",
        ),
        (
            f"x\n{FIRST}\nDuring handling of the above exception, another exception occurred:\n\n{FIRST}",
            f"{FIRST}During handling of the above exception, another exception occurred:\n{FIRST}".strip(),
        ),
        (
            f"x\n{FIRST}\nThe above exception was the direct cause of the following exception:\n\n{FIRST}",
            f"{FIRST}The above exception was the direct cause of the following exception:\n{FIRST}".strip(),
        ),
        ("10%|#  |\r50%|## |\r100%|###|\nend\n", "100%|###|\nend"),
        ("", ""),
    ],
)
def test_the_telling_end_of_a_log(log: str, expected: str) -> None:
    assert expected == "\n".join(_telling(_collapsed(log)))
