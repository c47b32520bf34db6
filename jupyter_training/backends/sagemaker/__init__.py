"""Amazon SageMaker: each attempt is a training job there, and its spool here mirrors the one in its container.

The static side says what may be asked for and checks it before anything is sent
(``wishes``). The dynamic side launches, observes and stops: ``backend`` answers
the dispatcher from memory, and a thread speaks to AWS. boto3 is imported by
that thread, and by nobody who only asks for this package.
"""

from __future__ import annotations
