"""What a job shows is kept: as a file of its outputs, and as a line that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.spool import tail
from tests.runtime.attempts import Attempt, attempt_in

PNG = b"\x89PNG\r\n"
PIXEL = "89504e470d0a1a0a" + "00" * 8  # the start of a PNG is enough for who only keeps it


def kept(attempt: Attempt) -> list[str]:
    folder = Path(attempt.order["output"]) / "figures"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def told(attempt: Attempt) -> list[str]:
    events = [event for page in tail.pages(attempt.folder) for event in tail.read(page, 0, final=True)[0]]
    return [event[2] for event in events if event[0] == "f"]


def ran(home: Path, code: str, **variables: str) -> Attempt:
    attempt = attempt_in(home, code, kind="cell", name="cell.py")
    Path(attempt.order["output"]).mkdir(parents=True)
    done = attempt.run(**variables)
    assert 0 == done.returncode, done.stderr
    assert "" == done.stderr
    attempt.order["printed"] = done.stdout
    return attempt


PLOT = "import matplotlib.pyplot as plt\nfor n in range(2):\n    plt.plot([0, n])\n    plt.show()\n"


@pytest.mark.parametrize("backend", ["", "module://matplotlib_inline.backend_inline", "svg"])
def test_each_figure_that_pyplot_shows_is_kept(tmp_path: Path, backend: str) -> None:
    """Without a window, without a warning, and each by itself, as in a notebook."""
    attempt = ran(tmp_path, PLOT, DISPLAY=":99", **({"MPLBACKEND": backend} if backend else {}))
    assert ["0001.png", "0002.png"] == kept(attempt)
    assert ["figures/0001.png", "figures/0002.png"] == told(attempt)
    contents = [(Path(attempt.order["output"]) / "figures" / name).read_bytes() for name in kept(attempt)]
    assert all(content.startswith(PNG) for content in contents)
    assert contents[0] != contents[1]


def test_the_backend_that_a_person_chose_stands(tmp_path: Path) -> None:
    code = "import matplotlib\nmatplotlib.use('pdf')\nimport matplotlib.pyplot as plt\nprint(plt.get_backend())\n"
    assert "pdf\n" == ran(tmp_path, code).order["printed"]


def test_what_is_drawn_and_not_shown_is_kept_at_the_end(tmp_path: Path) -> None:
    attempt = ran(tmp_path, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.figure()\n")
    assert ["0001.png"] == kept(attempt)


def test_a_script_may_go_on_with_a_figure_that_it_showed(tmp_path: Path) -> None:
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.show()\nprint(len(plt.gca().lines))\n"
    attempt = attempt_in(tmp_path, code)
    Path(attempt.order["output"]).mkdir(parents=True)
    assert "1\n" == attempt.run().stdout
    assert ["0001.png"] == kept(attempt), "what has not changed is kept once"


SHOWS = f"""
class Picture:
    def __init__(self, name, content):
        setattr(self, name, lambda: content)
    def __repr__(self):
        return "<picture>"

png = bytes.fromhex("{PIXEL}")
import base64
display(Picture("_repr_png_", png))
display(Picture("_repr_png_", (base64.b64encode(png + b"b").decode(), {{"width": 3}})))
display(Picture("_repr_jpeg_", b"\\xff\\xd8\\xff..."))
display(Picture("_repr_mimebundle_", {{"image/png": base64.b64encode(png + b"c").decode()}}))
display(Picture("_repr_svg_", "<svg/>"))
display(Picture("_repr_png_", b"no picture"), 7, "text")
"""


def test_display_keeps_pictures_and_prints_the_rest(tmp_path: Path) -> None:
    attempt = ran(tmp_path, SHOWS)
    assert ["0001.png", "0002.png", "0003.jpg", "0004.png", "0005.svg"] == kept(attempt)
    assert "Picture kept as figures/0001.png" in attempt.order["printed"]
    assert attempt.order["printed"].endswith("<picture>\n7\n'text'\n")


def test_display_as_it_is_imported_from_ipython(tmp_path: Path) -> None:
    code = f"from IPython.display import display, Image\ndisplay(Image(data=bytes.fromhex('{PIXEL}')))\n"
    assert ["0001.png"] == kept(ran(tmp_path, code))


def test_a_picture_that_fails_does_not_end_the_training(tmp_path: Path) -> None:
    code = "class Bad:\n    def _repr_png_(self):\n        raise ValueError('torn')\n\ndisplay(Bad())\nprint('on')\n"
    attempt = attempt_in(tmp_path, code, kind="cell", name="cell.py")
    done = attempt.run()
    assert 0 == done.returncode
    assert done.stdout.endswith("on\n")
    assert "a figure could not be kept: ValueError: torn" in done.stderr


def test_of_very_many_the_first_and_the_newest_are_kept(tmp_path: Path) -> None:
    code = f"""
class Picture:
    def __init__(self, n): self.n = n
    def _repr_png_(self): return bytes.fromhex("{PIXEL}") + str(self.n).encode()
for n in range(1, 131):
    display(Picture(n))
"""
    attempt = attempt_in(tmp_path, code, kind="cell", name="cell.py")
    done = attempt.run()
    assert 1 == done.stderr.count("100 figures are kept")
    assert [f"{n:04}.png" for n in range(1, 101)] == kept(attempt)
    assert (Path(attempt.order["output"]) / "figures" / "0100.png").read_bytes().endswith(b"130")


def test_a_person_s_own_files_beside_the_figures_take_no_number(tmp_path: Path) -> None:
    code = f"""
import pathlib
from jupyter_training import output
for own in ("2024_loss.png", "2024.png", "0099x.png"):
    pathlib.Path(output("figures/" + own)).touch()
class Picture:
    def __init__(self, n): self.n = n
    def _repr_png_(self): return bytes.fromhex("{PIXEL}") + self.n
display(Picture(b"1"), Picture(b"2"))
"""
    assert ["figures/0001.png", "figures/0002.png"] == told(ran(tmp_path, code))


def test_matplotlib_is_not_imported_for_it(tmp_path: Path) -> None:
    code = "import sys\nprint([name for name in ('matplotlib', 'IPython', 'hashlib') if name in sys.modules])\n"
    assert "[]\n" == ran(tmp_path, code).order["printed"]
