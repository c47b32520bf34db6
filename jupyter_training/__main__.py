"""``python -m jupyter_training``: the command line."""

from jupyter_training.cli import main

raise SystemExit(main())
