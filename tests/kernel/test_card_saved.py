"""The card of an ended job, as the kernel and the labextension both write it into the notebook.

`tests/assets/cards` holds jobs with the text and the HTML that both give; the other half of this is
`labextension/tests/cardStill.test.ts`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nbconvert.preprocessors.sanitize import SanitizeHTML

from jupyter_training.kernel import card
from jupyter_training.kernel.failure import ending

CARDS = sorted((Path(__file__).parents[1] / "assets" / "cards").glob("*.json"))


def ended_card(case: dict[str, Any]) -> tuple[str, str]:
    """Text and HTML of a case's job."""
    series = {name: [(point[0], point[2]) for point in points] for name, points in case["series"].items()}
    traceback, before = ending(case["log"])
    extras = card.Extras(traceback, before)
    return card.text(case["job"], series), card.html(case["job"], series, extras)


@pytest.mark.parametrize("file", CARDS, ids=lambda file: file.stem)
def test_the_kernel_writes_the_card_that_both_agree_on(file: Path) -> None:
    case = json.loads(file.read_text("utf-8"))
    assert (case["text"], case["html"]) == ended_card(case)
    assert len(case["html"]) <= card.LIMIT


@pytest.mark.parametrize("file", CARDS, ids=lambda file: file.stem)
def test_nbconvert_s_cleaning_keeps_every_word(file: Path) -> None:
    case = json.loads(file.read_text("utf-8"))
    kept = SanitizeHTML().sanitize_html_tags(case["html"])  # type: ignore[no-untyped-call]
    assert case["job"]["phase"] in kept
    assert case["job"]["name"] in kept
    assert "<script" not in kept
