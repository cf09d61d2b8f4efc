"""The day's sweep: writes what changes with no event, each subject in its turn, exactly once."""

from collections.abc import Sequence

from services.common.clock import Clock, china_day
from services.credit.application.apply_events import publish
from services.credit.application.policies import Policies
from services.credit.application.ports import Ledger, Subject

CHUNK = 1000


class TurnDay:
    """The use case behind the sweeper."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    def execute(self, ledger: Ledger) -> int:
        """Re-rate one chunk of subjects whose record is over, in the caller's transaction; return how many."""
        return len(self._publish(ledger, ledger.due(china_day(self._clock.now()), CHUNK)))

    def turn_policy(self, ledger: Ledger, after: int) -> tuple[int, int]:
        """Re-rate one chunk of those rated before the present policy came into force; return how many, and the last id."""
        version = self._policies.on(china_day(self._clock.now())).version
        turned = self._publish(ledger, ledger.unturned(version, after, CHUNK))
        return len(turned), turned[-1].subject_id if turned else after

    def release(self, ledger: Ledger) -> int:
        """Re-rate one chunk of those whose downgrade a fuse held back, once none does; return how many."""
        now = self._clock.now()
        if self._policies.is_held(self._policies.on(china_day(now)), now):
            return 0
        return len(self._publish(ledger, ledger.held(CHUNK)))

    def _publish(self, ledger: Ledger, due: Sequence[Subject]) -> Sequence[Subject]:
        """Publish subjects anew; a day step raises the ledger sequence by one, so that the new record replaces the old."""
        for subject in due:
            subject.seq += 1
        if due:
            touched = {subject.subject_id: (subject, ()) for subject in due}
            publish(ledger, self._policies, touched, self._clock.now())
        return due
