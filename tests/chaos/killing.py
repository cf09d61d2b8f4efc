"""Dies by SIGKILL after the n-th moment of talk with PostgreSQL; nothing in production code knows of it.

A moment is a statement that was answered, a COPY that was ended, a transaction that was ended, a COMMIT that was sent
and whose answer nobody reads, and a COMMIT that was acknowledged.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg


class Moments:
    """Counts moments, and ends this process at one of them; the last words say which one it was."""

    def __init__(self, die_at: int, last_words: Path) -> None:
        self._left = die_at
        self._last_words = last_words

    def pass_one(self, said: object, dying: Callable[[], object] = lambda: None) -> None:
        """Let one moment pass; at the last one do what a dying process still does, and die."""
        self._left -= 1
        if self._left == 0:
            self._last_words.write_text(" ".join(str(said).split())[:80])
            dying()
            os.kill(os.getpid(), signal.SIGKILL)


def arm(die_at: int, last_words: Path) -> None:
    """Make this process die at its n-th moment from now on."""
    moments = Moments(die_at, last_words)
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def counted_execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        answer = execute(self, query, *args, **kwargs)
        moments.pass_one(query)
        return answer

    def counted_commit(self: Any) -> None:
        moments.pass_one("COMMIT sent", dying=lambda: _send_commit(self))
        commit(self)
        moments.pass_one("COMMIT acknowledged")

    psycopg.Cursor.execute = counted_execute  # type: ignore[method-assign]
    psycopg.Connection.commit = counted_commit  # type: ignore[method-assign]
    psycopg.Copy.__exit__ = _counted_exit(psycopg.Copy.__exit__, "COPY ended", moments)  # type: ignore[method-assign]
    psycopg.Transaction.__exit__ = _counted_exit(  # type: ignore[method-assign]
        psycopg.Transaction.__exit__, "transaction ended", moments
    )


def _send_commit(conn: Any) -> None:
    conn.pgconn.send_query(b"COMMIT")
    while conn.pgconn.flush():
        pass


def _counted_exit(original: Callable[..., Any], said: str, moments: Moments) -> Callable[..., Any]:
    def counted(self: Any, *args: Any) -> Any:
        answer = original(self, *args)
        moments.pass_one(said)
        return answer

    return counted
