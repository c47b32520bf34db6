"""``python -m jupyter_training.dispatch``: how ``ensure`` starts a dispatcher. The home comes by the environment."""

from __future__ import annotations

import argparse

from jupyter_training.dispatch.loop import main
from jupyter_training.settings import Settings

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m jupyter_training.dispatch")
    parser.add_argument("--lock-fd", type=int, default=None)
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    raise SystemExit(main(Settings.load(), lock=options.lock_fd, once=options.once))
