"""What all tests of the backend may ask for."""

from __future__ import annotations

from tests.backends.sagemaker.aws import aws, house, known
from tests.backends.sagemaker.memory import still
from tests.backends.sagemaker.stand import stand

__all__ = ["aws", "house", "known", "stand", "still"]
