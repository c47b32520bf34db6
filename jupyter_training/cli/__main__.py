"""``python -m jupyter_training.cli``."""

from __future__ import annotations

import sys

from jupyter_training.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
