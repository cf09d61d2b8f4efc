"""What an engine is to the runner: where it lives, how it is prepared and started, and whether it answers."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A command with what is added to its environment, and whether it refuses to run as root."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    refuses_root: bool = False


class Engine(Protocol):
    """One server in one folder on one port."""

    @property
    def name(self) -> str:
        """Return the name: the folder under the state, and what messages call it."""
        ...

    @property
    def folder(self) -> Path:
        """Return where it keeps everything of its own."""
        ...

    @property
    def port(self) -> int:
        """Return the port that clients use."""
        ...

    @property
    def stop_signal(self) -> signal.Signals:
        """Return the signal that asks for a clean stop."""
        ...

    def prepare(self) -> Launch:
        """Fetch, format and configure what is missing, and tell how to start it; keeps the data that are there."""
        ...

    def answer(self) -> str:
        """Make a real request and return what the server said of itself; raises while it does not answer."""
        ...
