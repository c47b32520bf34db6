"""What every backend must keep to: one test for each sentence of the seam.

    class TestMine(BackendContract):
        def home(self) -> BackendHome: ...      # once a test

A home outlives the dispatchers that work in it: ``succeed`` is what happens when
one has died. Attempts come in the few kinds that are told apart from outside.
Needs pytest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

import pytest

from jupyter_training.core.lifecycle import AttemptState, EndReason, Seen
from jupyter_training.core.resources import Pool
from jupyter_training.errors import LaunchFailed
from jupyter_training.seams.backend import AttemptRef, Backend, LaunchOrder, Observation

__all__ = ["BackendContract", "BackendHome", "Kind"]

# It completes soon; it fails soon; it goes on until it is stopped; it can never start as it is.
Kind = Literal["completes", "fails", "waits", "impossible"]

_QUICK = 2.0  # seconds that a call may take on a busy machine; what waits for a network takes longer
_STOPPED = (EndReason.CANCELED, EndReason.VOID)


class BackendHome(Protocol):
    """A place with a backend, as a test needs it."""

    backend: Backend

    def succeed(self) -> Backend:
        """The dispatcher has died: a new backend in the same place, which knows what is on disk."""

    def order(self, kind: Kind) -> LaunchOrder:
        """An order for an attempt of this kind, another one each time."""

    def wait(self) -> None:
        """Let a little time go by."""

    def begun(self, ref: AttemptRef) -> int:
        """How many times the attempt has really begun."""

    def cut_off(self) -> bool:
        """See that nobody answers from now on. False: here somebody always does."""


class BackendContract:
    """Subclass it, with the method of the module's docstring."""

    patience = 30.0  # seconds

    def home(self) -> BackendHome:
        raise NotImplementedError

    @pytest.fixture
    def place(self) -> BackendHome:
        return self.home()

    # --- launch -------------------------------------------------------------------------------------------------

    def test_a_launch_returns_at_once_with_a_handle(self, place: BackendHome) -> None:
        order = place.order("waits")
        began = time.monotonic()
        handle = place.backend.launch(order)
        assert handle
        assert time.monotonic() - began < _QUICK
        self._end(place, _ref(order, handle))

    def test_a_second_launch_starts_nothing_twice_and_returns_an_equal_handle(self, place: BackendHome) -> None:
        order = place.order("completes")
        first = place.backend.launch(order)
        assert first == place.backend.launch(order)
        ref = _ref(order, first)
        self._until(place, ref, lambda seen: seen.end is not None)
        assert first == place.succeed().launch(order)
        for _ in range(5):
            place.wait()
        assert 1 == self._begun(place, ref)

    def test_two_dispatchers_in_a_row_launch_one_attempt_once(self, place: BackendHome) -> None:
        order = place.order("waits")
        first = place.backend.launch(order)
        assert first == place.succeed().launch(order)
        ref = _ref(order, first)
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        assert 1 == self._begun(place, ref)
        self._end(place, ref)

    def test_what_can_never_start_fails_to_launch_with_a_sentence(self, place: BackendHome) -> None:
        """At once, or once somebody has said so."""
        order = place.order("impossible")
        try:
            ref = _ref(order, place.backend.launch(order))
        except LaunchFailed as error:
            sentence: str | None = str(error)
        else:
            end = self._until(place, ref, lambda seen: seen.end is not None).end
            assert end is not None
            assert EndReason.LAUNCH_FAILED is end.reason
            sentence = end.detail
        assert (sentence or "").endswith((".", "?"))

    # --- observe ------------------------------------------------------------------------------------------------

    def test_there_is_one_observation_for_each_ref_in_the_same_order(self, place: BackendHome) -> None:
        orders = [place.order("completes") for _ in range(3)]
        refs = [_ref(order, place.backend.launch(order)) for order in orders]
        for asked in (refs, refs[::-1]):
            assert asked == [seen.ref for seen in place.backend.observe(asked)]
        assert [] == place.backend.observe([])
        for ref in refs:
            self._until(place, ref, lambda seen: seen.end is not None)

    def test_an_attempt_is_live_runs_and_completes(self, place: BackendHome) -> None:
        order = place.order("completes")
        ref = _ref(order, place.backend.launch(order))
        passed: list[AttemptState] = []

        def has_ended(seen: Observation) -> bool:
            passed.append(seen.state)
            return seen.end is not None

        ended = self._until(place, ref, has_ended)
        assert (Seen.GONE, AttemptState.ENDED) == (ended.seen, ended.state)
        assert ended.end is not None
        assert (EndReason.COMPLETED, 0) == (ended.end.reason, ended.end.exit_code)
        assert ended.started is not None
        order_of = [AttemptState.LAUNCHING, AttemptState.RUNNING, AttemptState.ENDED]
        assert sorted(passed, key=order_of.index) == passed, "it goes forward only"

    def test_one_that_fails_says_with_which_status(self, place: BackendHome) -> None:
        order = place.order("fails")
        end = self._until(place, _ref(order, place.backend.launch(order)), lambda seen: seen.end is not None).end
        assert end is not None
        assert EndReason.ERROR is end.reason
        assert end.exit_code

    def test_an_end_is_told_again_as_it_was(self, place: BackendHome) -> None:
        order = place.order("fails")
        ref = _ref(order, place.backend.launch(order))
        first = self._until(place, ref, lambda seen: seen.end is not None).end
        assert [first] == [seen.end for seen in place.backend.observe([ref])]
        assert [first] == [seen.end for seen in place.succeed().observe([ref])]

    def test_a_new_dispatcher_finds_what_runs_and_leaves_it_alone(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        place.succeed()
        seen = self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        assert Seen.GONE is not seen.seen
        assert 1 == self._begun(place, ref)
        self._end(place, ref)

    def test_no_answer_is_unknown_and_never_gone(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        if not place.cut_off():
            pytest.skip("this backend always has an answer")
        seen = self._until(place, ref, lambda seen: seen.seen is Seen.UNKNOWN)
        assert seen.end is None

    def test_observing_waits_for_nobody(self, place: BackendHome) -> None:
        orders = [place.order("completes") for _ in range(3)]
        refs = [_ref(order, place.backend.launch(order)) for order in orders]
        began = time.monotonic()
        place.backend.observe(refs)
        assert time.monotonic() - began < _QUICK
        for ref in refs:
            self._until(place, ref, lambda seen: seen.end is not None)

    # --- stop and void ------------------------------------------------------------------------------------------

    def test_a_stop_ends_what_runs_for_its_reason(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        place.backend.stop(ref, "cancel", 1.0)
        end = self._until(place, ref, lambda seen: seen.end is not None).end
        assert end is not None
        assert EndReason.CANCELED is end.reason

    def test_a_stop_is_remembered_when_who_asked_has_died(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        place.backend.stop(ref, "cancel", 1.0)
        place.succeed()
        end = self._until(place, ref, lambda seen: seen.end is not None).end
        assert end is not None
        assert EndReason.CANCELED is end.reason

    def test_a_stronger_stop_replaces_a_weaker_one_and_no_weaker_one_a_stronger(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        place.backend.stop(ref, "pause", 1.0)
        place.backend.stop(ref, "kill", 1.0)
        place.backend.stop(ref, "pause", 1.0)
        end = self._until(place, ref, lambda seen: seen.end is not None).end
        assert end is not None
        assert EndReason.KILLED is end.reason

    def test_a_stop_of_what_has_ended_changes_nothing(self, place: BackendHome) -> None:
        order = place.order("completes")
        ref = _ref(order, place.backend.launch(order))
        first = self._until(place, ref, lambda seen: seen.end is not None).end
        place.backend.stop(ref, "kill", 1.0)
        place.wait()
        assert [first] == [seen.end for seen in place.backend.observe([ref])]

    def test_a_stop_while_it_is_being_launched_ends_it(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        place.backend.stop(ref, "cancel", 1.0)
        end = self._until(place, ref, lambda seen: seen.end is not None).end
        assert end is not None
        assert end.reason in _STOPPED
        assert place.begun(ref) <= 1

    def test_what_is_void_never_begins(self, place: BackendHome) -> None:
        order = place.order("completes")
        ref = order.ref
        assert place.backend.void(ref)
        assert place.backend.void(ref), "it may be repeated"
        place.backend.launch(order)
        end = self._until(place, ref, lambda seen: seen.end is not None).end
        assert end is not None
        assert EndReason.VOID is end.reason
        assert 0 == place.begun(ref)

    def test_what_has_begun_is_not_void(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        assert not place.backend.void(ref)
        assert not place.succeed().void(ref)
        self._end(place, ref)

    # --- leaving office -----------------------------------------------------------------------------------------

    def test_what_runs_goes_on_when_office_is_left(self, place: BackendHome) -> None:
        order = place.order("waits")
        ref = _ref(order, place.backend.launch(order))
        self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        place.backend.close()
        place.succeed()
        seen = self._until(place, ref, lambda seen: seen.state is AttemptState.RUNNING)
        assert Seen.GONE is not seen.seen
        assert 1 == self._begun(place, ref)
        self._end(place, ref)

    def test_nothing_goes_on_in_this_process_when_office_was_left(self, place: BackendHome) -> None:
        before = set(threading.enumerate())
        orders = [place.order("waits") for _ in range(2)]
        refs = [_ref(order, place.backend.launch(order)) for order in orders]
        place.backend.observe(refs)
        place.backend.close()
        end = time.monotonic() + self.patience
        while left := set(threading.enumerate()) - before:
            assert time.monotonic() < end, f"they go on: {left}"
            place.wait()
        place.backend.close()
        place.succeed()
        for ref in refs:
            self._end(place, ref)

    # --- what there is ------------------------------------------------------------------------------------------

    def test_capacity_and_standings_are_told_at_once(self, place: BackendHome) -> None:
        began = time.monotonic()
        capacity = place.backend.capacity()
        pools = [Pool("a", place.backend.name, 2, is_found=True), Pool("b", place.backend.name, 3, is_found=True)]
        standings = place.backend.standings(pools)
        assert time.monotonic() - began < _QUICK
        assert capacity is None or capacity.cpus > 0
        assert set(standings) <= {"a", "b"}
        assert all(one.slots >= 0 for one in standings.values())

    # --- what the tests have in common --------------------------------------------------------------------------

    def _until(self, place: BackendHome, ref: AttemptRef, holds: Callable[[Observation], object]) -> Observation:
        """The attempt as soon as this is true of it."""
        end = time.monotonic() + self.patience
        while True:
            (seen,) = place.backend.observe([ref])
            if holds(seen):
                return seen
            assert seen.end is None, f"it has ended meanwhile: {seen}"
            assert time.monotonic() < end, f"it never came to be so: {seen}"
            place.wait()

    def _begun(self, place: BackendHome, ref: AttemptRef) -> int:
        """How many times it has begun, once it has: that it runs may be known before its code has said so."""
        end = time.monotonic() + self.patience
        while not place.begun(ref) and time.monotonic() < end:
            place.wait()
        return place.begun(ref)

    def _end(self, place: BackendHome, ref: AttemptRef) -> None:
        place.backend.stop(ref, "kill", 0.0)
        self._until(place, ref, lambda seen: seen.end is not None)


def _ref(order: LaunchOrder, handle: str) -> AttemptRef:
    return replace(order.ref, handle=handle)
