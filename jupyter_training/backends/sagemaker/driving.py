"""Drive each attempt from its intent to its end, a step at a time, whatever happens on the way.

    intent -> uploads -> claim -> CreateTrainingJob -> taken -> ... -> ended at AWS
      -> its log is complete -> its results are here -> exit.json

Every step may be repeated by whoever comes after a death. The one that must not
be done twice is guarded by AWS itself, since the name is the attempt's own and
can be used once: that it is in use is a success if its mark proves that the job
is ours. Where it is not known whether a job was made, that is looked up before
anything is tried again; and no such attempt ends, whatever is answered later,
before AWS has said for a while that it has no job of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from jupyter_training.backends.sagemaker import names, request, results, room
from jupyter_training.backends.sagemaker.answers import Answer, Kind
from jupyter_training.backends.sagemaker.looks import PROOF, Looks
from jupyter_training.backends.sagemaker.places import Places
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.backends.sagemaker.remote import ANSWER, INTENT, Remote, stop_asked, write_end
from jupyter_training.backends.sagemaker.room import Room
from jupyter_training.backends.sagemaker.uploads import Busy, Uploads
from jupyter_training.backends.sagemaker.verdict import TERMINAL, Details, Records, verdict
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.errors import TrainingError
from jupyter_training.seams.backend import End
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings
from jupyter_training.spool import claim, layout

__all__ = ["Driving"]

log = logging.getLogger(__name__)

_MOMENT = 0.2  # seconds, where somebody else has to be done first
_IDLE = 1.0  # between looks at an attempt that AWS has: what List found, a stop that was asked for
_CLAIMS = 25  # looks at a claim of which nobody says what it is for


class Driving:
    """The steps of all attempts of one region and profile."""

    def __init__(
        self,
        region: Region,
        uploads: Uploads,
        settings: Settings,
        clock: Clock,
        *,
        version: str,
        rooms: Callable[[Remote], Room],
        used: Callable[[Remote], tuple[int, int]],
        is_found: Callable[[str], bool],
        changed: Callable[[Remote], None],
    ) -> None:
        """``used`` gives the machines of the other jobs of its pool: those that AWS has given, and those asked for.

        ``is_found``: whether a pool follows what ``rooms`` say, so that a job without room is given back to it.
        ``changed`` is told where AWS describes an attempt otherwise than before.
        """
        self._region = region
        self._looks = Looks(region, clock)
        self._uploads = uploads
        self._settings = settings
        self._clock = clock
        self._version = version
        self._rooms = rooms
        self._used = used
        self._is_found = is_found
        self._changed = changed

    def turn(self, one: Remote) -> float | None:
        """Do the attempt's next step. Seconds until the one after; None: it has ended."""
        try:
            wait = self._step(one)
        except Failed as failed:
            one.tries += 1
            wait = self._region.patience(failed.answer, one.tries)
            one.doing = failed.answer.sentence
            log.info("%s: %s", one.intent.name, failed.answer.sentence)
        except OSError as error:
            one.tries += 1
            one.doing = f"this machine's disk: {error.strerror} ({error.filename})"
            log.warning("%s: %s", one.intent.name, one.doing)
            wait = 5.0
        if wait is None:
            self._region.give_up(one.intent.name)
        return wait

    def _step(self, one: Remote) -> float | None:
        if one.end is not None:
            return None
        if one.arn is None:
            return self._begin(one)
        self._looks.at_home(one)
        if not one.is_over and self._is_stop_due(one):  # before all else: of it no more need be known than its name
            return self._stop(one)
        if not one.is_over and (one.must_look or one.listed != one.seen_as or self._is_out_of_sight(one)):
            wait = self._describe(one)
            if wait is not None or one.end is not None:
                return wait
        details = one.details
        if details is not None and details.is_terminal:
            return self._finish(one, details)
        return _IDLE

    # --- until AWS has it ---------------------------------------------------------------------------------------

    def _begin(self, one: Remote) -> float | None:
        if not one.is_sent:
            if claim.is_void(one.folder) or not (one.folder / INTENT).exists():  # given up; perhaps deleted since
                return self._ended(one, End(EndReason.VOID))
            if stop_asked(one.folder) is not None and claim.void(one.folder, one.intent.token):
                return self._ended(one, End(EndReason.VOID))
        elif one.is_unsure:
            return self._look_up(one)
        elif stop_asked(one.folder) is not None and not one.is_lost:
            return self._ended(one, End(EndReason.VOID))  # every one that was sent was refused
        self._looks.at_home(one)
        if one.places is not None:
            return self._ask(one, one.places)
        if not one.carries:
            one.carries = True
            return 0.0
        try:
            one.places = self._uploads.ensure(one.intent, lambda words: setattr(one, "doing", words))
        except Busy:
            one.doing = "waiting for uploads of other jobs"
            return _MOMENT
        except TrainingError as error:
            return self._failed(one, str(error))
        except Failed as failed:
            if failed.answer.kind in (Kind.DENIED, Kind.REFUSED, Kind.MISSING):
                return self._failed(one, self._not_sent(one, failed.answer))
            raise
        one.carries = False
        return 0.0

    def _not_sent(self, one: Remote, answer: Answer) -> str:
        if answer.code != "NoSuchBucket":
            return answer.sentence
        bucket, region = one.intent.chosen.bucket, one.intent.region
        return (
            f"there is no bucket {bucket}. Make it, e.g. `aws s3 mb s3://{bucket} --region {region}`, or name another:"
            " --bucket NAME."
        )

    def _ask(self, one: Remote, places: Places) -> float | None:
        """Have the training job made, once it is this attempt's turn."""
        there, pool = self._rooms(one), one.intent.pool
        used, asking = self._used(one)
        may = there.may_try(one.intent.machines, used, asking, self._clock.boot())
        if may == "no" and self._is_found(pool):
            remark = there.standing(used, self._clock.boot()).remark
            return self._given_up(one, End(EndReason.UNPLACED, f"There was no room for it. {remark or ''}".rstrip()))
        if may != "yes":
            one.doing = "waiting for room at AWS"
            return room.SOON if may == "no" else _MOMENT
        one.doing = "waiting for its turn, as AWS takes one job a second"
        wait = self._region.wait("create", one.intent.name)
        if wait > 0:
            return wait
        try:
            arguments = self._request(one, places)
        except TrainingError as error:
            return self._failed(one, str(error))
        if not one.is_sent:
            if not claim.take(one.folder, one.intent.token):
                if claim.owner(one.folder) is None and one.claims < _CLAIMS:
                    one.claims += 1  # whoever has made the claim is about to say whether it is to run
                    return _MOMENT
                if claim.is_void(one.folder):
                    return self._ended(one, End(EndReason.VOID))
            one.is_sent = True
        one.doing = "asking AWS for it"
        one.is_asking = True
        try:
            answer = self._region.call(
                *("create", "sagemaker", "create_training_job", "sagemaker:CreateTrainingJob"), **arguments
            )
        except Failed as failed:
            return self._not_made(one, failed.answer)
        except BaseException:  # what is no answer of AWS's at all tells nothing of what it has done
            one.is_unsure = one.is_lost = True
            raise
        finally:
            one.is_asking = False
        self._made(one, answer["TrainingJobArn"])
        return _MOMENT

    def _request(self, one: Remote, places: Places) -> dict[str, Any]:
        intent = one.intent
        tags = names.tags(intent.job, intent.number, token=intent.token, store=intent.store, version=self._version)
        variables = {
            "JUPYTER_TRAINING_JOB": intent.job,
            "JUPYTER_TRAINING_ATTEMPT": str(intent.number),
            PROOF: names.token_hash(intent.token),
        }
        return request.build(
            intent.spec,
            name=intent.name,
            uploads=places,
            tags=tags,
            params=intent.params,
            environment=variables,
            spent=intent.spent,
        )

    def _not_made(self, one: Remote, answer: Answer) -> float | None:
        kind = answer.kind
        if kind is Kind.EXISTS or kind is Kind.UNSURE:
            one.is_unsure = one.is_lost = True
            if kind is Kind.UNSURE:
                one.absence.over()
            if kind is Kind.EXISTS:
                return self._look_up(one)
        elif kind is Kind.QUOTA:
            used, _ = self._used(one)
            there = self._rooms(one)
            there.refused(answer.refusal, one.intent.machines, used, self._clock.boot())
            remark = there.standing(used, self._clock.boot()).remark or answer.sentence
            return self._given_up(one, End(EndReason.UNPLACED, f"There was no room for it. {remark}"))
        elif kind in (Kind.DENIED, Kind.REFUSED, Kind.MISSING):
            return self._failed(one, answer.sentence)
        raise Failed(answer)

    def _look_up(self, one: Remote) -> float | None:
        """Find out whether the training job was made, and by whom."""
        wait = self._region.wait("describe", one.intent.name)
        if wait > 0:
            return wait
        found = self._looks.described(one)
        if found is None:
            is_sure = self._looks.is_absent(one)
            if one.instead is not None:
                return self._ended(one, one.instead) if is_sure else self._looks.apart
            # Also where a stop was asked for: one that was sent may still be on its way, and AWS takes the name once.
            # Either that one or the one that is sent now is made, and can then be stopped.
            one.is_unsure = False
            return 0.0 if one.absence.count == 1 else self._looks.apart
        proof = self._looks.proof(found)
        if proof is None and not self._looks.is_absent(one):  # its tags may be known later than the job
            return self._looks.apart
        if proof != names.token_hash(one.intent.token):
            words = f"AWS has a training job {one.intent.name} already, and it is not this attempt's."
            end = End(EndReason.LAUNCH_FAILED, f"Could not start: {words} Was the store put back from a copy?")
            return self._ended(one, end)
        self._made(one, found["TrainingJobArn"])
        self._note(one, found)
        return 0.0

    def _given_up(self, one: Remote, end: End) -> float | None:
        """It is not to be made any more: its end, unless one that was sent may have been received."""
        if not one.is_lost:
            return self._ended(one, end)
        one.instead, one.is_unsure = end, True
        one.absence.over()
        one.doing = "making sure that AWS has not made it all the same"
        return _MOMENT

    def _made(self, one: Remote, arn: str) -> None:
        """AWS has it. Kept without waiting for the disk: were it lost, it would be looked up."""
        one.arn, one.is_lost, one.is_unsure, one.tries, one.doing = arn, False, False, 0, None
        one.instead, one.carries = None, False
        one.absence.over()
        one.looked = self._clock.boot()
        layout.write_json(one.folder / ANSWER, {"arn": arn, "time": self._clock.now()}, durable=False)

    # --- while AWS has it ---------------------------------------------------------------------------------------

    def _is_out_of_sight(self, one: Remote) -> bool:
        """Whether nothing was heard of it for so long that it has to be asked for by itself."""
        return self._clock.boot() - max(one.looked, one.listed_at) > self._region.pace.unlisted

    def _describe(self, one: Remote) -> float | None:
        """Look at it more closely. None: that is done."""
        wait = self._region.wait("describe", one.intent.name)
        if wait > 0:
            return wait
        seen = one.listed
        found = self._looks.described(one)
        if found is None:
            if self._looks.is_absent(one):
                words = f"Lost: AWS has no training job {one.intent.name} any more."
                return self._ended(one, End(EndReason.LOST, words))
            one.must_look, one.doing = True, "AWS does not know it now; it is asked again"
            return self._looks.apart
        one.absence.over()
        self._note(one, found)
        one.seen_as, one.must_look = seen, False
        if seen is not None and seen[0] in TERMINAL and not one.is_over:  # the list knows more, for now
            one.must_look = True
            return self._looks.apart
        return None

    def _note(self, one: Remote, found: dict[str, Any]) -> None:
        details = Details.of(found)
        one.tries, one.doing, one.looked = 0, None, self._clock.boot()
        if details.secondary == "Training" and (one.details is None or not one.details.has_run):
            self._rooms(one).placed()
        for name, value in (
            ("service/training_seconds", details.training_seconds),
            ("service/billable_seconds", details.billable_seconds),
        ):
            if value is not None:
                one.figures[name] = value
        one.note_age(details, self._clock.now())
        before, one.details = one.details, details
        if before is None or before.secondary != details.secondary:
            self._changed(one)

    def _is_stop_due(self, one: Remote) -> bool:
        """Whether a stop is wished and has to be sent: for the first time, or since the job goes on in spite of one."""
        if self._clock.boot() < one.stop_due or (one.details is not None and one.details.status == "Stopping"):
            return False
        return stop_asked(one.folder) is not None

    def _stop(self, one: Remote) -> float | None:
        wait = self._region.wait("stop", one.intent.name)
        if wait > 0:
            return wait
        try:
            self._region.call(
                *("stop", "sagemaker", "stop_training_job", "sagemaker:StopTrainingJob"),
                TrainingJobName=one.intent.name,
            )
        except Failed as failed:
            if failed.answer.kind not in (Kind.REFUSED, Kind.MISSING, Kind.EXISTS):
                one.stop_due = self._clock.boot() + 2 * self._region.patience(failed.answer, one.tries + 1)
                raise  # meanwhile it is looked at: perhaps it ends by itself
            # It has ended, or is just about to: what AWS says of the job itself counts, and until then it is asked on.
            one.must_look = True
            one.stops += 1
            one.stop_due = self._clock.boot() + self._region.patience(failed.answer, one.stops)
            return _MOMENT
        one.stop_due = self._clock.boot() + self._region.pace.stop_again
        one.stops, one.tries, one.doing = 0, 0, None
        return _MOMENT

    # --- after its end at AWS -----------------------------------------------------------------------------------

    def _finish(self, one: Remote, details: Details) -> float | None:
        if not one.is_drained:
            return _MOMENT
        if not one.has_outputs:
            if not one.carries:
                one.carries = True
                return 0.0
            wait = results.bring(one, details, self._region, self._settings.outputs / one.intent.job)
            if wait is not None:
                return wait
            one.carries = False
        records = one.records or Records()
        if records.end is not None:
            layout.write_json(layout.end_file(one.folder), dict(records.end), durable=False)
        end = verdict(details, records, stop_asked(one.folder))
        if end.reason is EndReason.UNPLACED:
            self._rooms(one).scarce(one.intent.machines, self._clock.boot(), details.failure)
        return self._ended(one, end, records)

    def _failed(self, one: Remote, sentence: str) -> float | None:
        return self._given_up(one, End(EndReason.LAUNCH_FAILED, f"Could not start: {sentence}"))

    def _ended(self, one: Remote, end: End, records: Records | None = None) -> float | None:
        """Write the last file. None: there is nothing more to do."""
        answer = layout.read_json(one.folder / ANSWER) if one.arn is None else None
        if answer is not None:  # a dispatcher that had been given up has come back: AWS took it from the other one
            self._made(one, str(answer["arn"]))
            return 0.0
        if not one.is_sent and not one.folder.exists():  # deleted with its job: nobody asks for it any more
            one.end, one.doing = end, None
            return None
        started = one.details.started if one.details is not None else None
        write_end(one.folder, end, started, records.exit() if records is not None else None)
        one.end, one.doing = end, None
        return None
