"""Events survive what happens to their writer."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from jupyter_training.spool import lines, tail
from jupyter_training.spool.lines import PageWriter


def note(number: int) -> bytes:
    return f'["n",{number},"code","text"]\n'.encode()


def noted(folder: Path) -> list[int]:
    """The numbers of all notes, page by page."""
    numbers = []
    for page in tail.pages(folder):
        events, _, faults = tail.read(page, limit=2**30)
        assert faults == 0
        numbers += [event[1] for event in events]
    return numbers


def test_what_is_written_is_read_in_its_order_over_several_pages(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path), first_page=256, next_page=1024)
    assert all(writer.write(note(number)) for number in range(200))
    assert list(range(200)) == noted(tmp_path)
    assert len(tail.pages(tmp_path)) > 2


def test_a_line_larger_than_a_page_gets_a_page_of_its_size(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path), first_page=256)
    assert writer.write(b'["n",1,"code","' + b"x" * 5000 + b'"]\n')
    assert writer.write(note(2))
    assert [1, 2] == noted(tmp_path)


def test_a_line_that_no_reader_would_take_is_refused(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path))
    assert not writer.write(b'["n",1,"code","' + b"x" * lines.MAX_LINE + b'"]\n')
    assert writer.lost == 1
    assert writer.fault is not None
    assert writer.write(note(2))


def test_a_folder_that_is_gone_is_a_value_and_no_error(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path / "gone"))
    assert not writer.write(note(1))
    assert not writer.write(note(2))
    assert writer.lost == 2
    assert writer.fault is not None
    assert errno.ENOENT == writer.fault.errno


def test_pages_that_can_not_be_made_cost_next_to_nothing(tmp_path: Path) -> None:
    """The second try comes a second later, so a million calls on a full disk make no million files."""
    writer = PageWriter(str(tmp_path / "gone"))
    assert not writer.write(note(1))
    (tmp_path / "gone").mkdir()
    assert not any(writer.write(note(number)) for number in range(1000))
    assert tail.pages(tmp_path / "gone") == []


def test_threads_write_each_line_once(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path), first_page=256, next_page=2048)
    start = threading.Barrier(8)

    def write(first: int) -> None:
        start.wait()
        for number in range(first, first + 500):
            writer.write(note(number))

    threads = [threading.Thread(target=write, args=(500 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(4000)) == sorted(noted(tmp_path))


def test_a_signal_handler_may_write_while_its_thread_writes(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path), first_page=256, next_page=512)
    own, handlers = range(20_000), []

    def write(number: int, frame: object) -> None:
        handlers.append(1_000_000 + len(handlers))
        writer.write(note(handlers[-1]))
        signal.setitimer(signal.ITIMER_REAL, 0.0003)  # the next one, so that they do not pile up

    before = signal.signal(signal.SIGALRM, write)
    signal.setitimer(signal.ITIMER_REAL, 0.0003)
    try:
        for number in own:
            writer.write(note(number))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handlers
    assert [*own, *handlers] == sorted(noted(tmp_path))


def test_trimming_gives_the_unused_rest_back_and_changes_nothing(tmp_path: Path) -> None:
    writer = PageWriter(str(tmp_path))
    for number in range(100):
        writer.write(note(number))
    (page,) = tail.pages(tmp_path)
    before = tail.read(page)
    lines.trim(str(page))
    assert before == tail.read(page)
    assert before[1] == page.stat().st_size


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"x", b"x\0\0", b"\0" * 4096 + b"x"])
def test_trimming_takes_any_file(tmp_path: Path, content: bytes) -> None:
    page = tmp_path / "events-1-1-0.page"
    page.write_bytes(content)
    lines.trim(str(page))
    assert content.rstrip(b"\0") == page.read_bytes()


WITNESSED = textwrap.dedent("""
    import os, sys
    sys.path.insert(0, sys.argv[1])
    from jupyter_training.spool.lines import PageWriter
    writer = PageWriter(sys.argv[2], first_page=300, next_page=4096)
    witness = os.open(sys.argv[2] + "/witness", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC)
    print("begun", flush=True)
    number = 0
    while True:
        for _ in range(100):
            writer.write(b'["n",%d,"code","text"]\\n' % number)
            number += 1
        os.write(witness, b"%d\\n" % number)
""")


@pytest.mark.parametrize("seed", range(5))
def test_kill_9_loses_nothing_that_was_written_and_tears_nothing(tmp_path: Path, seed: int) -> None:
    """Compared with a file that the same process wrote past every cache."""
    source = str(Path(lines.__file__).parents[2])
    words = [sys.executable, "-c", WITNESSED, source, str(tmp_path)]
    wanted = random.Random(seed).randint(1, 200)
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        witness = tmp_path / "witness"
        while witness.stat().st_size < wanted:
            assert process.poll() is None
        process.kill()
    sure = int((witness.read_text().splitlines() or ["0"])[-1])
    numbers = noted(tmp_path)
    assert list(range(len(numbers))) == numbers
    assert len(numbers) >= sure


def test_a_full_disk_is_a_value_and_the_writer_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """A limit on file sizes stands for the full disk: the same call fails in the same place."""
    code = textwrap.dedent("""
        import resource, sys
        sys.path.insert(0, sys.argv[1])
        from jupyter_training.spool.lines import PageWriter
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        writer = PageWriter(sys.argv[2], first_page=4096)
        assert not writer.write(b'["n",1,"code","text"]\\n')
        assert writer.fault is not None and writer.lost == 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        while not writer.write(b'["n",2,"code","text"]\\n'):
            pass
        print(writer.lost)
    """)
    source = str(Path(lines.__file__).parents[2])
    words = [sys.executable, "-c", code, source, str(tmp_path)]
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(answer.stdout) >= 1
    assert [2] == noted(tmp_path)


def test_a_page_is_only_for_its_owner(tmp_path: Path) -> None:
    PageWriter(str(tmp_path)).write(note(1))
    (page,) = tail.pages(tmp_path)
    assert 0o600 == os.stat(page).st_mode & 0o777
