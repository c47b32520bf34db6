"""What AWS says of one attempt's training job when it is asked for it by its name.

That there is none is an answer too, and one that has to be doubted: ``absence``.
"""

from __future__ import annotations

from typing import Any

from jupyter_training.backends.sagemaker import names
from jupyter_training.backends.sagemaker.absence import TIMES
from jupyter_training.backends.sagemaker.answers import Answer, Kind
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.backends.sagemaker.remote import Remote
from jupyter_training.seams.clock import Clock

__all__ = ["PROOF", "Looks"]

PROOF = "JUPYTER_TRAINING_PROOF"  # a variable: who may describe a job can read it, and needs no leave to list tags


class Looks:
    """At the attempts of one region and profile."""

    def __init__(self, region: Region, clock: Clock) -> None:
        self._region = region
        self._clock = clock

    @property
    def apart(self) -> float:
        """Seconds between two looks for one that AWS does not know."""
        return self._region.pace.missing_for / (TIMES - 1)

    def at_home(self, one: Remote, *, fresh: bool = False) -> None:
        """See to it that AWS takes us for the account in which the attempt lives: another one knows nothing of it.

        Raises:
            Failed: it does not; or nobody knows for whom it takes us.
        """
        account, home = self._region.account(fresh=fresh), one.intent.account
        if account == home:
            one.stranger = None
            return
        one.stranger = (
            f"The AWS credentials are those of the account {account} now, and this job belongs to {home}:"
            f" it goes on when they are {home}'s again."
        )
        self._region.renew()
        raise Failed(Answer(Kind.CREDENTIALS, one.stranger, "OtherAccount"))

    def described(self, one: Remote) -> dict[str, Any] | None:
        """What it is like; None: AWS says that there is no such job.

        Raises:
            Failed
        """
        try:
            found: dict[str, Any] = self._region.call(
                *("describe", "sagemaker", "describe_training_job", "sagemaker:DescribeTrainingJob"),
                TrainingJobName=one.intent.name,
            )
        except Failed as failed:
            if failed.answer.kind is Kind.MISSING:
                return None
            raise
        return found

    def proof(self, found: dict[str, Any]) -> str | None:
        """What a described job says of whose it is; None: nothing, or nothing that we may read.

        Raises:
            Failed
        """
        said = (found.get("Environment") or {}).get(PROOF)
        if said is not None:
            return str(said)
        try:
            listed = self._region.call(
                *("describe", "sagemaker", "list_tags", "sagemaker:ListTags"), ResourceArn=found["TrainingJobArn"]
            )
        except Failed as failed:
            if failed.answer.kind is Kind.DENIED:
                return None  # ours say it in what describes them
            raise
        return names.proof(listed.get("Tags", []))

    def is_absent(self, one: Remote) -> bool:
        """AWS has just said that it does not know it: whether that is to be believed by now.

        Raises:
            Failed: it was another account that was asked, or nobody knows which one.
        """
        self.at_home(one, fresh=True)
        now = self._clock.boot()
        one.absence.told(now)
        return one.absence.is_sure(now, self._region.pace.missing_for)
