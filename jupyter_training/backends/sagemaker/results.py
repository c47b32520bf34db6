"""Bring the results of an attempt that has ended here, as often as it takes, or say that they stay where they are."""

from __future__ import annotations

import logging
from pathlib import Path

from jupyter_training.backends.sagemaker import outputs
from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.places import are_packed, root
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.backends.sagemaker.remote import Remote
from jupyter_training.backends.sagemaker.verdict import Details

__all__ = ["bring"]

log = logging.getLogger(__name__)

_TRIES = 5  # in ten minutes


def bring(one: Remote, details: Details, region: Region, folder: Path) -> float | None:
    """Bring its results into a folder. Seconds until that is tried again; None: they are here, or stay where they are.

    Counted before each try, as no error of whatever kind may keep an attempt from its end for ever.

    Raises:
        Failed: for want of credentials.
    """
    chosen = one.intent.chosen
    where = f"{root(chosen.bucket, chosen.prefix)}/out"
    if details.has_run and not are_packed(chosen.request):
        outputs.leave(folder, [f"{where}/{one.intent.name}/output/: not packed, as the request wishes it"])
    elif details.has_run and one.fetches < _TRIES:
        one.fetches += 1
        one.doing = "bringing its results here"
        try:
            outputs.fetch(region, where, one.intent.name, folder, limit=region.pace.fetch_limit)
        except (Failed, OSError) as error:
            if isinstance(error, Failed) and error.answer.kind is Kind.CREDENTIALS:
                one.fetches -= 1
                raise
            words = str(error).rstrip(".")
            log.warning("%s: its results are still at %s: %s", one.intent.name, where, words)
            if one.fetches < _TRIES:
                one.doing = f"its results could not be brought here, which is tried again: {words}"
                return one.fetches * region.pace.longest_wait
            outputs.leave(folder, [f"{where}/{one.intent.name}/output/: {words}"])
    one.has_outputs = True
    return None
