"""What holds for every test."""

from __future__ import annotations

import signal

# A session has one SageMaker, whichever files use it.
pytest_plugins = ["tests.sagemaker_double.fixture"]

# A run that was started in the background of a shell has these ignored, and what it starts inherits that:
# then no Ctrl-C reaches the processes that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
