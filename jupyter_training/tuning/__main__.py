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
from jupyter_training.errors import StaleEpoch, StoreBusy, StoreFull, TrainingError
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.tuning.driver import Driver
from jupyter_training.tuning.making import making

log = logging.getLogger("jupyter_training.tuning")

LOOK_EVERY = 0.5  # seconds; a datagram makes a look come sooner
GAP = 0.02  # between looks, so that a busy log becomes few of them


def main(environment: Mapping[str, str]) -> int:
    order = layout.read_json(layout.order_file(environment["JUPYTER_TRAINING_SPOOL"]))
    assert order is not None
    settings = Settings.load(home=Path(order["home"]))
    with Site.open(settings) as site:
        driver = Driver(site, JobId(order["job"]), int(order["attempt"]), making)
        return drive(driver, settings)


def drive(driver: Driver, settings: Settings) -> int:
    """Look, decide, wait; until the search is over, or there has been nothing to do for long."""
    listener = Listener(settings, "server")
    busy_until = time.monotonic() + settings.driver_idle_exit
    asked_to_leave = False
    try:
        while True:
            try:
                if driver.look():
                    busy_until, asked_to_leave = time.monotonic() + settings.driver_idle_exit, False
                if driver.is_over():
                    return 0
                if not asked_to_leave and time.monotonic() > busy_until:
                    asked_to_leave = driver.leave()
            except (StoreBusy, StoreFull) as error:
                log.warning("It waits for the store: %s", error)
                time.sleep(1)
            time.sleep(GAP)
            listener.wait(LOOK_EVERY)
    except StaleEpoch as error:
        log.warning("%s", error)
        return 0
    finally:
        listener.close()


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        sys.exit(main(os.environ))
    except TrainingError as error:
        sys.exit(f"{type(error).__name__}: {error.detail}")
