"""The folder of a tantivy index: a generation per build, a pointer to the one in use, and who holds what.

writer.lock          held by the one writer
current              the name of the generation in use, replaced in one step
v1-<id>/             one generation: tantivy's files, and
    progress.json    how far it is; written after every commit, so that a reader watches this file alone
    readers.lock     held shared by readers and the writer; who gets it alone may remove the generation
"""

import fcntl
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO
from uuid import uuid4

import orjson
import tantivy

from services.common.errors import PreconditionFailed
from services.search.adapters.tantivy_schema import SCHEMA, SCHEMA_VERSION, register_tokens
from services.search.application.ports import Progress

POINTER = "current"
PROGRESS = "progress.json"
READERS = "readers.lock"
#: Two versions decide who can read a generation: that of our fields and that of tantivy's files.
PREFIX = f"v{SCHEMA_VERSION}-{version('tantivy')}-"
#: How a generation is named while it is removed; of version 0, which nobody reads.
GONE = "v0-gone-"


@dataclass(frozen=True, slots=True)
class Generation:
    """One build of the index."""

    path: Path

    @property
    def is_readable(self) -> bool:
        """Tell whether this code can read the generation."""
        return self.path.name.startswith(PREFIX)

    def open(self) -> tantivy.Index:
        """Open or make the index of the generation."""
        return register_tokens(tantivy.Index(SCHEMA, path=str(self.path)))

    def read_progress(self) -> Progress:
        """Return the progress that was noted; nothing is known of a generation without it."""
        try:
            kept = orjson.loads((self.path / PROGRESS).read_bytes())
        except FileNotFoundError:
            return Progress()
        return Progress(
            as_of=datetime.fromisoformat(kept["as_of"]) if kept["as_of"] else None,
            positions={int(partition): offset for partition, offset in kept["positions"].items()},
        )

    def write_progress(self, progress: Progress) -> None:
        """Note the progress, durable when it returns."""
        as_of = progress.as_of.isoformat() if progress.as_of else ""
        positions = {str(partition): offset for partition, offset in progress.positions.items()}
        replace(self.path / PROGRESS, orjson.dumps({"as_of": as_of, "positions": positions}))

    def hold(self) -> IO[bytes] | None:
        """Hold the generation against removal until the file is closed, also by the end of the process.

        Returns None when it is not there any more. Look at the pointer again afterwards: a generation that was being
        removed can be held, but not read.
        """
        try:
            held = (self.path / READERS).open("ab")
        except FileNotFoundError:
            return None
        fcntl.flock(held, fcntl.LOCK_SH)
        return held

    def remove_unless_held(self) -> None:
        """Remove the generation when nobody holds it; renamed first, so that nobody comes in meanwhile."""
        with (self.path / READERS).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            shutil.rmtree(self.path.rename(self.path.with_name(f"{GONE}{uuid4().hex}")))


class IndexFolder:
    """The folder in which the generations lie."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def pointer(self) -> Path:
        """Return the file that names the generation in use."""
        return self.path / POINTER

    def current(self) -> Generation | None:
        """Return the generation in use; None before the first."""
        try:
            return Generation(self.path / self.pointer.read_text())
        except FileNotFoundError:
            return None

    def make_generation(self) -> Generation:
        """Make an empty generation that nobody reads yet."""
        generation = Generation(self.path / f"{PREFIX}{uuid4().hex}")
        generation.path.mkdir(parents=True)
        generation.write_progress(Progress())
        return generation

    def swap_in(self, generation: Generation) -> None:
        """Let a generation take the place of the one in use."""
        replace(self.pointer, generation.path.name.encode())

    def remove_others(self) -> None:
        """Remove the generations that are neither in use nor held; call it as the writer."""
        current = self.current()
        for path in self.path.glob("v*-*"):
            if current is None or path != current.path:
                Generation(path).remove_unless_held()

    def lock_for_writing(self) -> IO[bytes]:
        """Return the lock of the one writer, held until it is closed; raises PreconditionFailed when it is taken."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = (self.path / "writer.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise PreconditionFailed(
                "another process writes this index: stop it, or give another folder",
                metadata={"folder": str(self.path)},
            ) from error
        return lock


def replace(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader sees the old content or the new, and so does who starts after a crash."""
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
