"""``python -m tests.torture``: every labelled step, kernels and servers, then random kills by seed.

A line for each story; what fails prints the command that plays it again, and
what is not reached in time the command that goes on.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.torture import notebook_story, search_plan
from tests.torture.confined import is_possible, play_confined
from tests.torture.plan import Story, enumerated, full_disk, random_story
from tests.torture.search_plan import SearchStory
from tests.torture.search_story import Undisturbed
from tests.torture.search_story import play as play_search
from tests.torture.stand import play, template
from tests.torture.truth import check

NOTEBOOKS = 12  # stories with a kernel and a server
SEARCHES = 100  # random stories of a search
COMMAND = "make torture"


class Run:
    """A row of stories. ``kills`` counts those of the random stories."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.failed: list[str] = []
        self.kills = 0
        self._folder = folder
        self._empty = empty
        self._count = itertools.count()
        self._undisturbed = Undisturbed(folder / "undisturbed")

    def play(self, story: Story) -> int:
        """Play a story, tell how it went, and give the number of faults that happened."""
        place, began, happened = self._folder / str(next(self._count)), time.monotonic(), 0
        place.mkdir()
        try:
            if story.fills:
                play_confined(place, story, empty=self._empty)
            else:
                with play(place, story, empty=self._empty) as played:
                    happened = len(played.fired)
                    check(played)
            held = True
        except AssertionError:
            traceback.print_exc()
            print(*(file.read_text("utf-8")[-2000:] for file in place.glob("out")))
            held = False
        self._say(story.name, f"{happened:3d} of {len(story.faults):3d}", began, held=held)
        return happened

    def play_search(self, story: SearchStory) -> None:
        """The same for a story of a search."""
        place, began, happened, held = self._folder / str(next(self._count)), time.monotonic(), 0, True
        place.mkdir()
        try:
            happened = play_search(place, story, self._undisturbed)
        except AssertionError:
            traceback.print_exc()
            held = False
        of = len(story.faults) + len(story.trials)
        self._say(story.name, f"{happened:3d} of {of:3d} ({story.kind})", began, held=held)

    def play_notebooks(self, seeds: range) -> None:
        stand = notebook_story.Stand(self._folder / "notebooks")
        try:
            for seed in seeds:
                story, began, held = notebook_story.Story.of(seed), time.monotonic(), True
                try:
                    notebook_story.check(stand, story, *notebook_story.play(stand, story))
                except AssertionError:
                    traceback.print_exc()
                    held = False
                self._say(f"notebook {seed}", "+".join(story.victims), began, held=held)
        finally:
            stand.close()

    def _say(self, name: str, what: str, began: float, *, held: bool) -> None:
        if not held:
            self.failed.append(name)
        outcome = "held" if held else f"FAILED    again: {_command('--only', repr(name))}"
        print(f"{name:42s} {what:50s} {time.monotonic() - began:6.1f} s  {outcome}", flush=True)


def _command(*words: str) -> str:
    return f'{COMMAND} ARGS="{" ".join(words)}"'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--only", help="the stories of this name, e.g. 'mirror' or 'seed 17' or 'notebook 3'")
    parser.add_argument("--first", type=int, default=None, help="go on with the random stories from this seed")
    parser.add_argument("--kills", type=int, default=300, help="so many random kills in all")
    parser.add_argument("--within", type=float, default=57, help="minutes after which no story begins")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.within
    with tempfile.TemporaryDirectory(prefix="torture-") as folder, template(Path(folder)) as empty:
        run = Run(Path(folder), empty)
        left = _only(run, options.only) if options.only else _all(run, options.first, options.kills, end)
    print(
        f"{run.kills} random kills; {len(run.failed)} stories failed{': ' if run.failed else ''}{', '.join(run.failed)}"
    )
    if left:
        print(f"Not all is done. To go on: {left}")
    return 1 if run.failed or left else 0


def _labelled() -> Iterator[Story]:
    yield from enumerated()
    if is_possible():
        yield from full_disk()
    else:
        print("This machine gives no mount namespaces: no story is played on a full disk.")


def _only(run: Run, name: str) -> str | None:
    kind, _, number = name.partition(" ")
    if kind == "seed":
        run.kills = run.play(random_story(int(number)))
    elif kind == "search" and number.isdigit():
        run.play_search(search_plan.random_story(int(number)))
    elif kind == "searches":  # all of them, and nothing else
        for search in _searches():
            run.play_search(search)
    elif kind == "notebook":
        run.play_notebooks(range(int(number), int(number) + 1))
    else:
        for story in _labelled():
            if story.name == name:
                run.play(story)
        for search in _searches():
            if search.name == name:
                run.play_search(search)
    return None


def _searches() -> Iterator[SearchStory]:
    yield from search_plan.enumerated()
    yield from search_plan.suspended()
    yield from map(search_plan.random_story, range(SEARCHES))


def _all(run: Run, first: int | None, kills: int, end: float) -> str | None:
    """Play all; the command that goes on where the time was over."""
    if first is None:
        for story in _labelled():
            run.play(story)
        run.play_notebooks(range(NOTEBOOKS))
        for search in _searches():
            if time.monotonic() > end:
                return _command("--only", "searches")
            run.play_search(search)
    for seed in itertools.count(first or 0):
        if run.kills >= kills:
            return None
        if time.monotonic() > end:
            return _command("--first", str(seed), "--kills", str(kills - run.kills))
        run.kills += run.play(random_story(seed))
    return None


if __name__ == "__main__":
    raise SystemExit(main())
