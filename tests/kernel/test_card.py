"""The card of a job, in text and HTML; plain mode says only what is the same each time."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser

import pytest

from jupyter_training.kernel import card
from jupyter_training.kernel.curve import Points
from tests.kernel.builders import JOB, attempt, job, lineage, metric

SERIES: dict[str, Points] = {
    "loss": [(0, 1.0), (1, None), (2, 0.25)],
    "val_accuracy": [(0, 0.5), (1, 0.9), (2, 0.75)],
}


class Tags(HTMLParser):
    """The tags and attributes of a text, with every opened one closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def running() -> dict[str, object]:
    return job(
        metrics={"loss": metric(0.25, low=0.25), "val_accuracy": metric(0.75, high=0.9)},
        progress={"done": 3, "total": 12, "unit": "epoch", "text": ""},
        params={"lr": 0.00012, "note": "<b>bold</b>"},
    )


def test_a_waiting_job_says_why_and_what_to_type() -> None:
    shown = card.text(job("queued", sentence="Waits: 2 of 2 slots are used."))
    assert "digits · abcdef queued   Waits: 2 of 2 slots are used.   %train cancel abcdef" == shown


def test_a_running_job_shows_progress_last_and_best() -> None:
    shown = card.text(running(), SERIES)
    assert "epoch 3/12" in shown
    assert "val_accuracy 0.75 (best 0.9 at 1) ▁█▅" in shown
    assert "loss 0.25 █ ▁" in shown


@pytest.mark.parametrize(
    ("phase", "words"),
    [("succeeded", "%train show abcdef"), ("failed", "%train logs abcdef"), ("canceled", "Canceled.")],
)
def test_an_ended_job_says_what_to_look_at(phase: str, words: str) -> None:
    shown = card.text(job(phase))
    assert words in shown
    assert "cancel abcdef" not in shown


def test_the_html_is_whole_and_runs_nothing() -> None:
    tags = Tags(card.html(running(), SERIES))
    assert [] == tags.open
    assert {"script", "style", "link", "iframe", "svg", "object"}.isdisjoint(tags.tags)
    assert 2 == tags.tags.count("img")
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name == "href"]
    sources = [value or "" for name, value in tags.attributes if name == "src"]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)


def test_a_running_job_says_how_long_it_still_needs() -> None:
    shown = card.html({**running(), "eta": {"low": 350.0, "high": 470.0}, "machine": {"cpu": 1.9, "memory": 412e6}})
    assert "about 5–8 min left" in shown
    assert "CPU 1.9 cores · memory 412 MB" in shown


@pytest.mark.parametrize(
    ("used", "most", "words"),
    [
        (0.0, None, "CPU 0 cores"),
        (0.002, None, "CPU &lt;0.01 cores"),
        (0.996, None, "CPU 1 core"),
        (1.8765, 2, "CPU 1.88 of 2 cores"),
        (0.5, 1, "CPU 0.5 of 1 core"),
    ],
)
def test_a_running_job_says_how_much_of_the_processor_it_takes(used: float, most: int | None, words: str) -> None:
    shown = card.html({**running(), "machine": {"cpu": used}, "spec": {"resources": {"cpus": most}}})
    assert f">{words}<" in shown


def test_a_small_figure_is_shown_and_a_large_one_is_named() -> None:
    figure = {"id": "f", "name": "figures/0002.png", "size": 9000, "type": "image/png", "modified": ""}
    one = job(figure=figure)
    small = "data:image/png;base64," + "A" * 8000
    assert small in card.html(one, extras=card.Extras(figure=small))
    large = "data:image/png;base64," + "A" * 20_000
    shown = card.html(one, extras=card.Extras(figure=large))
    assert large not in shown
    assert "latest figure: figures/0002.png, 9 kB" in shown
    assert "latest figure: figures/0002.png, 9 kB" in card.html(one)


def test_what_a_person_wrote_is_escaped() -> None:
    shown = card.html(job("failed", sentence="<img src=x>", params={"note": "<b>bold</b>"}))
    assert "<img" not in shown
    assert "<b>bold" not in shown


def test_the_live_part_holds_the_ids_and_nothing_that_changes() -> None:
    first, later = card.bundle(job("queued")), card.bundle(running(), SERIES)
    assert {"store": "store-one", "job": JOB} == first[card.LIVE] == later[card.LIVE]


def test_a_bundle_is_small_enough_to_be_sent_twice_a_second() -> None:
    names = [f"metric_{number}" for number in range(40)]
    points: Points = [(step, step / 7) for step in range(120)]
    shown = card.bundle(job(metrics={name: metric(1.5) for name in names}), dict.fromkeys(names, points))
    assert len(json.dumps(shown)) < 16_000


def test_a_state_is_a_word_and_not_a_colour_alone() -> None:
    for phase in ("queued", "starting", "running", "stopping", "succeeded", "failed", "canceled", "unknown", "paused"):
        assert f"<b>{phase}</b>" in card.html(job(phase))


def test_plain_mode_shows_text_without_ids_times_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    ended = {**running(), **{key: job("succeeded")[key] for key in ("phase", "state", "ended")}}
    assert {"text/plain": "digits succeeded   loss, val_accuracy"} == card.bundle(ended, SERIES)


def test_plain_mode_does_not_say_how_far_a_job_happens_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert {"digits submitted"} == {card.text(one) for one in (job("queued"), job("starting"), running())}


def test_a_metric_of_gaps_only_draws_nothing() -> None:
    assert "<img" not in card.html(job(metrics={"loss": metric(None)}), {"loss": [(0, None), (1, None)]})


@pytest.mark.parametrize(
    ("phase", "sentence", "words"),
    [
        ("paused", "Paused by you at step 10.", "digits · abcdef paused   by you at step 10.   %train activate abcdef"),
        (
            "pausing",
            "Pausing, after its next checkpoint.",
            "digits · abcdef pausing   Pausing, after its next checkpoint.   %train activate abcdef",
        ),
        (
            "queued",
            "Waits: about to start; it goes on from step 10.",
            "digits · abcdef queued   Waits: about to start; it goes on from step 10.   %train cancel abcdef",
        ),
    ],
)
def test_a_job_that_rests_says_where_and_what_lets_it_go_on(phase: str, sentence: str, words: str) -> None:
    one = job(phase, sentence=sentence)
    assert words == card.text(one)
    shown = card.html(one)
    assert f"<span>{sentence}</span>" in shown
    assert words.rpartition("   ")[2] in shown


def test_a_later_attempt_says_which_it_is_and_where_it_began() -> None:
    one = {**running(), "attempts": [attempt(), attempt(number=2, start_step=10)], "retries": {"used": 1, "max": 5}}
    assert "epoch 3/12   attempt 2 of 6, from step 10" in card.text(one)
    assert "attempt 2 of 6, from step 10</span>" in card.html(one)
    assert "attempt 2" not in card.html({**one, "phase": "paused"})


def test_a_job_that_gives_no_sign_of_life_is_warned_of() -> None:
    one = {**running(), "warning": "No report and no log line for 42 min."}
    assert "   No report and no log line for 42 min.   " in card.text(one)
    assert "⚠</span> No report and no log line for 42 min." in card.html(one)
    assert "⚠" not in card.html(running())


@pytest.mark.parametrize("phase", ["queued", "paused", "succeeded"])
def test_what_is_wrong_with_its_checkpoints_is_said_of_a_job_that_does_not_run_too(phase: str) -> None:
    words = "Its checkpoints are kept on this machine only: they could not be copied to s3://nobucket/x."
    assert f"   {words}   " in card.text({**job(phase), "warning": words})
    assert f"⚠</span> {words}" in card.html({**job(phase), "warning": words})


def test_what_a_job_was_made_of_is_on_its_card() -> None:
    assert "Continues first · zyxwvu from step 10</span>" in card.html(job(parent=lineage("continue")))
    gone = card.html(job(parent=lineage("fork", name=None)))
    assert "A fork of a job that is deleted</span>" in gone


def test_an_archived_job_says_so() -> None:
    assert "abcdef</span><span" in card.html(job("failed", archived=True))
    assert " · archived</span>" in card.html(job("failed", archived=True))


def test_the_curve_of_a_resumed_job_shows_where_each_attempt_began() -> None:
    attempts = [attempt(), attempt(number=2, start_step=1), attempt(number=3, start_step=1), attempt(number=4)]
    one = job(attempts=attempts, metrics={"loss": metric(0.25)})
    series: dict[str, Points] = {"loss": [(0, 1.0), (1, 0.5), (2, 0.25)]}
    shown = card.html(one, series)
    assert "loss: 3 points from 1 to 0.25, resumed at 1" in shown
    drawing = base64.b64decode(shown.split("base64,")[1].split('"')[0]).decode()
    assert '<path d="M140 0V83" stroke="#888" stroke-opacity=".8" stroke-dasharray="2 3"/>' in drawing
    assert "resumed" not in card.html({**one, "attempts": attempts[:1]}, series)


def test_how_long_a_job_ran_leaves_its_pauses_out() -> None:
    later = attempt(number=2, started="2026-01-01T05:00:00Z", ended="2026-01-01T05:00:30Z", start_step=10)
    one = job("paused", attempts=[attempt(), later])
    assert 'margin-left:12px">42 s</span>' in card.html(one)
