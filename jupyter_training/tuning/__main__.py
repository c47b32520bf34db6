"""``python -m jupyter_training.tuning``: drive the search whose driver this attempt is, until it is over."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.dispatch.wake import Listener
from jupyter_training.errors import StaleEpoch, StoreElsewhere, StoreReadOnly, StoreTooNew, TrainingError, Unavailable
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.tuning.driver import Driver
from jupyter_training.tuning.making import making

log = logging.getLogger("jupyter_training.tuning")

LOOK_EVERY = 0.5  # seconds; a datagram makes a look come sooner
GAP = 0.02  # between looks, so that a busy log becomes few of them
_OUTAGE = 1.0  # between two tries of a store that can't serve
_ASK_AGAIN = 5.0  # to be let go, where somebody thought better of it
_FOR_GOOD = (StoreElsewhere, StoreReadOnly, StoreTooNew)


def main(environment: Mapping[str, str]) -> int:
    order = layout.read_json(layout.order_file(environment["JUPYTER_TRAINING_SPOOL"]))
    assert order is not None
    settings = Settings.load(home=Path(order["home"]))
    with Site.open(settings) as site:
        try:
            driver = Driver(site, JobId(order["job"]), int(order["attempt"]), making)
        except StaleEpoch as error:
            log.warning("%s", error)
            return 0
        return drive(driver, settings)


def drive(driver: Driver, settings: Settings) -> int:
    """Look, decide, wait; until the search is over, or there has been nothing to do for long."""
    listener = Listener(settings, "server")
    leaves_at = time.monotonic() + settings.driver_idle_exit
    outage = ""
    try:
        while True:
            try:
                if driver.look():
                    leaves_at = time.monotonic() + settings.driver_idle_exit
                if driver.is_over():
                    return 0
                if time.monotonic() > leaves_at and driver.leave():
                    log.info("Nothing to do for %g s: it leaves until something happens.", settings.driver_idle_exit)
                    leaves_at = time.monotonic() + _ASK_AGAIN
                outage = ""
            except _FOR_GOOD:
                raise
            except Unavailable as error:
                if str(error) != outage:
                    log.warning("It waits: %s", error)
                outage = str(error)
                time.sleep(_OUTAGE)
            time.sleep(GAP)
            listener.wait(LOOK_EVERY)
    except StaleEpoch as error:
        log.warning("%s", error)
        return 0
    finally:
        listener.close()


def run() -> int:
    """The process: what it says goes to its job's log."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        return main(os.environ)
    except TrainingError as error:
        hint = f" {error.hint}" if error.hint else ""
        print(f"{type(error).__name__}: {error.detail}{hint}", file=sys.stderr)  # noqa: T201 (the last word of its log)
        return 1


if __name__ == "__main__":
    sys.exit(run())
