"""Scripts for a page that measure it from inside: frames, echoes, heap, and when pixels change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import CDPSession, Page

from tests.ui.lab import TOKEN

__all__ = ["answered", "busy", "echoes", "frames", "heap", "inspected", "watch_pixels"]

# Each frame: the canvas is read back; when it differs, when and with which label.
_WATCH = """() => {
    window.drawn = [];
    let before = 0;
    const look = () => {
        const canvas = document.querySelector('article canvas');
        if (canvas !== null && canvas.width > 0) {
            const data = new Uint32Array(
                canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            let hash = 2166136261;
            for (let at = 0; at < data.length; at += 1) {
                hash = Math.imul(hash ^ data[at], 16777619);
            }
            if (hash !== before) {
                before = hash;
                const label = canvas.closest('[aria-label]')?.getAttribute('aria-label') ?? '';
                window.drawn.push([Date.now() / 1000, label]);
            }
        }
        requestAnimationFrame(look);
    };
    look();
}"""

_ECHO = """([url, rounds]) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const taken = [];
    let sent = 0;
    const send = () => { sent = performance.now(); socket.send('x'); };
    socket.onopen = send;
    socket.onerror = reject;
    socket.onmessage = () => {
        taken.push((performance.now() - sent) / 1000);
        if (taken.length < rounds) { setTimeout(send, 10); } else { socket.close(); resolve(taken); }
    };
})"""

# Spans between frames in seconds, while ``each`` is called with the number of the frame.
_FRAMES = """([count, selector, step]) => new Promise(resolve => {
    const spans = [];
    const place = selector === null ? null : document.querySelector(selector);
    let before = null;
    const frame = now => {
        if (before !== null) {
            spans.push((now - before) / 1000);
        }
        before = now;
        if (place !== null) {
            place.scrollTop += step;
        }
        if (spans.length < count) { requestAnimationFrame(frame); } else { resolve(spans); }
    };
    requestAnimationFrame(frame);
})"""


# Clicks, and gives the seconds until each of the places shows what is expected, seen frame by frame.
_ANSWERED = """([button, expected, limit]) => new Promise((resolve, reject) => {
    const taken = expected.map(() => null);
    const node = document.querySelector(button);
    const begin = performance.now();
    node.click();
    const look = () => {
        const now = (performance.now() - begin) / 1000;
        expected.forEach(([place, words], at) => {
            const found = [...document.querySelectorAll(place)].some(one => one.textContent.includes(words));
            taken[at] = taken[at] ?? (found ? now : null);
        });
        if (taken.every(one => one !== null)) { resolve(taken); }
        else if (now > limit) { reject(new Error(`not seen: ${JSON.stringify(taken)}`)); }
        else { requestAnimationFrame(look); }
    };
    look();
})"""


def answered(page: Page, button: str, expected: list[tuple[str, str]], *, within: float = 30) -> list[float]:
    """Click a button (a CSS selector); seconds until each place (selector, words in it) is drawn."""
    taken: list[float] = page.evaluate(_ANSWERED, [button, expected, within])
    return taken


def watch_pixels(page: Page) -> None:
    """From now on ``window.drawn`` holds when the card's canvas changed (Unix time), and its label then."""
    page.evaluate(_WATCH)


def echoes(page: Page, url: str, rounds: int) -> list[float]:
    """Seconds there and back by ``tests.ui.echo``, which the server must have been started with."""
    address = url.replace("http", "ws", 1) + f"echo-for-measuring?token={TOKEN}"
    taken: list[float] = page.evaluate(_ECHO, [address, rounds])
    return taken


def frames(page: Page, count: int, *, scrolled: str | None = None, step: int = 0) -> list[float]:
    """Seconds between so many frames, while an element is scrolled on by ``step`` pixels in each."""
    spans: list[float] = page.evaluate(_FRAMES, [count, scrolled, step])
    return spans


@contextmanager
def inspected(page: Page) -> Iterator[CDPSession]:
    """The page with the browser's own instruments."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.enable")
    try:
        yield session
    finally:
        session.detach()


def busy(session: CDPSession) -> float:
    """Seconds that the page's main thread has worked so far."""
    return _metric(session, "TaskDuration")


def heap(session: CDPSession) -> float:
    """Bytes that JavaScript holds, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return _metric(session, "JSHeapUsedSize")


def _metric(session: CDPSession, name: str) -> float:
    found = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in found if one["name"] == name)
