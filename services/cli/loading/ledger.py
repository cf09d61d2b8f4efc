"""What became of a file's rows: totals that add up, rejects with their reason, and how far the load has come.

The state names the last line up to which every row is settled, so a load that was cut off goes on from there.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple

import orjson

from services.common.errors import FieldViolation, InvalidInput, PlatformError


class Reject(NamedTuple):
    """A row that was refused: where it stands, which field is wrong and why, and the row as it came."""

    line: int
    field: str
    reason: str
    original: str


class Settled(NamedTuple):
    """What became of the rows of one chunk that were sent."""

    accepted: int
    unchanged: int
    rejects: Sequence[Reject] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Control totals in rows."""

    read: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0

    def plus(self, other: "Totals") -> "Totals":
        """Return the sum."""
        return Totals(**{name: value + getattr(other, name) for name, value in asdict(self).items()})

    def check(self) -> None:
        """Raise PlatformError when rows were lost or counted twice."""
        told = self.accepted + self.unchanged + self.rejected
        if told != self.read:
            raise PlatformError(f"{self.read} rows were read, but {told} are accounted for: report this defect")


@dataclass(slots=True)
class Ledger:
    """Keeps totals, rejects and progress of one load; files are written only where there is something to tell."""

    rejects_path: Path
    digest: str
    line: int = 0
    totals: Totals = field(default_factory=Totals)
    _reject_bytes: int = 0

    @property
    def state_path(self) -> Path:
        """Return where progress is kept: beside the rejects."""
        return self.rejects_path.with_name(f"{self.rejects_path.name}.state.json")

    def settle(self, *, read: int, last_line: int, settled: Settled) -> None:
        """Record a chunk: its rejects first, then the progress, so that a crash between them is mended by a resume."""
        self.totals = self.totals.plus(
            Totals(read=read, accepted=settled.accepted, unchanged=settled.unchanged, rejected=len(settled.rejects))
        )
        self.totals.check()
        self.line = last_line
        self._append(settled.rejects)
        self._save()

    def finish(self) -> Totals:
        """Forget the progress, since nothing is left to resume, and return the totals."""
        self.state_path.unlink(missing_ok=True)
        return self.totals

    def _append(self, rejects: Sequence[Reject]) -> None:
        if not rejects:
            return
        lines = b"".join(orjson.dumps(reject._asdict()) + b"\n" for reject in rejects)
        with self.rejects_path.open("ab") as out:
            out.write(lines)
        self._reject_bytes += len(lines)

    def _save(self) -> None:
        state = {
            "digest": self.digest,
            "line": self.line,
            "reject_bytes": self._reject_bytes,
            "totals": asdict(self.totals),
        }
        fresh = self.state_path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(state))
        fresh.replace(self.state_path)


def begin(path: Path, rejects_path: Path, *, resume: bool) -> Ledger:
    """Return the ledger of a load: new, or resumed where a state is kept.

    Raises InvalidInput when the file is not the one that the state is of.
    """
    rejects_path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as file:
        fresh = Ledger(rejects_path, file_digest(file, "sha256").hexdigest())
    if resume and fresh.state_path.exists():
        return _resumed(fresh, path)
    rejects_path.unlink(missing_ok=True)
    return fresh


def _resumed(fresh: Ledger, path: Path) -> Ledger:
    state = orjson.loads(fresh.state_path.read_bytes())
    if state["digest"] != fresh.digest:
        description = f"{path.name} has changed since {fresh.state_path} was kept: load it again without --resume"
        raise InvalidInput(f"FILE: {description}", violations=(FieldViolation(field="FILE", description=description),))
    if fresh.rejects_path.exists():
        with fresh.rejects_path.open("r+b") as out:
            out.truncate(state["reject_bytes"])
    return replace(fresh, line=state["line"], totals=Totals(**state["totals"]), _reject_bytes=state["reject_bytes"])
