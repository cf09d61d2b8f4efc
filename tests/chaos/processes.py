"""Real processes that are killed. They are forked from one server that has imported all, so that each starts in milliseconds."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.process import BaseProcess

import psycopg

from services.common.eventlog.topics import CREDIT_GROUP
from tests.chaos.worker_process import Job

END_SECONDS = 60
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "tests.chaos.worker_process"])


def start(run: Callable[[Job], None], job: Job) -> BaseProcess:
    """Start a process."""
    process = _FORKS.Process(target=run, args=(job,), daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """Kill a process that does not end by itself, and wait for it."""
    process.kill()
    process.join(END_SECONDS)
    assert process.exitcode == -signal.SIGKILL


def die(run: Callable[[Job], None], job: Job) -> bool:
    """Run a process to its death or its end; tell whether it was killed. Fails when it fails or hangs."""
    process = start(run, job)
    process.join(END_SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL), f"{run.__name__} ended with {process.exitcode}"
    return process.exitcode != 0


def die_again_and_again(run: Callable[[Job], None], job: Job, moments: Iterator[int]) -> list[str]:
    """Kill one process after the other at the given moments until one ends; return the last words of each."""
    said: list[str] = []
    for die_at in moments:
        if not die(run, replace(job, die_at=die_at)):
            return said
        said.append(job.last_words.read_text())
    assert not die(run, job)
    return said


def each_moment(progress: Callable[[], object]) -> Iterator[int]:
    """Yield 1, 2, 3 and so on; from 1 again when there was progress: so every moment of every batch gets its death."""
    die_at, before = 0, progress()
    while True:
        now = progress()
        die_at, before = (die_at + 1 if now == before else 1), now
        yield die_at


def offsets(dsn: str) -> list[tuple[object, ...]]:
    """Return how far the credit worker has come."""
    with psycopg.connect(dsn) as conn:
        query = "SELECT topic, partition, value FROM eventlog.group_offset WHERE group_id = %s ORDER BY 1, 2"
        return conn.execute(query, [CREDIT_GROUP]).fetchall()
