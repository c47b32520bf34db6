"""What the product adds to a JupyterLab that only stands there: bytes, and time at the start of page and server."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.benchmarks.row import Row, in_turn, middle, row
from tests.kernel.living import REPOSITORY, variables
from tests.ui.lab import Lab, chromium, lab, page_of

STARTS = 3
ROUNDS = 7

# Times each of our plugins' ``activate``, by standing between the bundle and JupyterLab.
AROUND = """() => {
    window.activated = [];
    const around = plugin => {
        const activate = plugin.activate;
        plugin.activate = (...given) => {
            const begin = performance.now();
            try {
                return activate(...given);
            } finally {
                window.activated.push((performance.now() - begin) / 1000);
            }
        };
    };
    window._JUPYTERLAB = new Proxy({}, {
        set(target, name, container) {
            if (name === 'jupyter-training') {
                const get = container.get;
                target[name] = {
                    init: (...given) => container.init(...given),
                    get: async module => {
                        const factory = await get(module);
                        return () => {
                            const made = factory();
                            [made.default ?? []].flat().forEach(around);
                            return made;
                        };
                    }
                };
            } else {
                target[name] = container;
            }
            return true;
        }
    });
}"""

# Seconds of work in which a Jupyter server gets ready, its own modules being imported before. Of work, because it
# hardly waits, and because what else the machine does is then left out.
SERVER = """
import sys, time
import jupyter_server.serverapp, jupyterlab.labapp, jupyter_server_terminals, jupyter_lsp, notebook_shim

app = jupyter_server.serverapp.ServerApp()
begin = time.process_time()
app.initialize(["--no-browser", "--allow-root", "--ServerApp.port=0", "--ServerApp.log_level=ERROR",
                "--ServerApp.jpserver_extensions={'jupyter_training': %s}" % sys.argv[1]], new_httpserver=False)
print(time.process_time() - begin)
"""


def measure() -> list[Row]:
    return [*bytes_gzipped(), *page_starts(), *server_starts()]


def bytes_gzipped() -> list[Row]:
    """Of the built bundle: all of it here, what a start takes in ``page_starts``."""
    return [
        row(
            "the labextension in all, gzip",
            total(list((static()).glob("*.js"))) / 1e3,
            "KB",
            budget="< 150 KB",
            ok=total(list(static().glob("*.js"))) < 150_000,
        )
    ]


def page_starts() -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        lab(Path(folder)) as running,
        chromium() as browser,
    ):
        found = [page_start(browser, running, f"start-{number}") for number in range(STARTS)]
    active, whole, loaded = (list(column) for column in zip(*found, strict=True))
    size = total([static() / name for name in loaded[0] if (static() / name).is_file()])
    return [
        row("the labextension at start, gzip", size / 1e3, "KB", budget="< 30 KB", ok=size < 30_000),
        row(
            f"activation of the plugins in the page, p50 of {STARTS}",
            1e3 * middle(active),
            "ms",
            baseline=1e3 * middle(whole),
            baseline_what="JupyterLab, from its address to its launcher",
        ),
    ]


def page_start(browser: Browser, running: Lab, workspace: str) -> tuple[float, float, set[str]]:
    """Seconds in our ``activate``, seconds of the whole start, and which of our files were loaded."""
    with page_of(browser) as seen:
        page = seen.page
        page.add_init_script(f"({AROUND})()")
        page.goto(running.address(workspace))
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        whole: float = page.evaluate("() => performance.now() / 1000")
        page.wait_for_load_state("networkidle")
        spans: list[float] = page.evaluate("() => window.activated")
        assert spans, "the plugins were activated"
        names = {
            url.partition("?")[0].rpartition("/")[2] for url in seen.requests if "/extensions/jupyter-training/" in url
        }
        return sum(spans), whole, names


def server_starts() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        environment = variables(Path(folder), PYTHONPATH=str(REPOSITORY))

        def start(ours: bool) -> float:
            words = [sys.executable, "-c", SERVER, str(ours)]
            done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=True)
            return float(done.stdout.split()[-1])

        with_us, without = in_turn(ROUNDS, lambda: start(True), lambda: start(False))
    tax = min(with_us) - min(without)
    return [
        row(
            f"start of the server: what the extension adds, best of {ROUNDS} each",
            1e3 * tax,
            "ms",
            baseline=1e3 * min(without),
            baseline_what="the start without it",
            budget="< 30 ms",
            ok=tax < 0.03,
        )
    ]


def static() -> Path:
    return REPOSITORY / "jupyter_training" / "_labextension" / "static"


def total(files: list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes())) for file in files)
