"""The day's sweep: writes what changes with no event, each subject in its turn, exactly once."""

from services.common.clock import Clock, china_day
from services.credit.application.apply_events import publish
from services.credit.application.policies import Policies
from services.credit.application.ports import Ledger

CHUNK = 1000


class TurnDay:
    """The use case behind the sweeper."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    def execute(self, ledger: Ledger) -> int:
        """Re-rate one chunk of subjects whose record is over, in the caller's transaction; return how many.

        A day step raises the ledger sequence by one, so that the new record replaces the old one everywhere.
        """
        now = self._clock.now()
        due = ledger.due(china_day(now), CHUNK)
        for subject in due:
            subject.seq += 1
        if due:
            publish(ledger, self._policies, {subject.subject_id: (subject, ()) for subject in due}, now)
        return len(due)
