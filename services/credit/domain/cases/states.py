"""The state table of complaint cases: which state may follow which, by what article, and the order within a day.

The states a source tells are the steps of a case: a case that is told ACCEPTED was accepted on that day. Within one day
steps go up in rank, so that (day, rank) orders any lawful history in one way, whatever order its accounts come in. States
of one rank exclude each other. What this forbids, such as resuming on the day of the suspension, would change nothing.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple


class CaseKind(IntEnum):
    """What the complainant wants (Order 20 art. 3); numbers as in the proto."""

    #: 投诉: a consumer dispute for mediation.
    DISPUTE = 1
    #: 举报: a lead to a violation.
    LEAD = 2


class State(IntEnum):
    """Where a case stands; numbers as in the proto."""

    RECEIVED = 1
    ACCEPTED = 2
    REFUSED = 3
    AGREED = 4
    TERMINATED = 5
    WITHDRAWN = 6
    MEDIATING = 7
    SUSPENDED = 8
    NOTIFIED = 9
    REFERRED = 10
    MERGED = 11
    CHECKING = 12
    FILED = 13
    NOT_FILED = 14
    INFORMED = 15


class Row(NamedTuple):
    """One state of the table: its rank within a day, the states that it may directly follow, and the article."""

    rank: int
    after: frozenset[State]
    article: str


class Table(NamedTuple):
    """The table of a kind of case; `reach` holds what may come at all after a state, steps not told left out."""

    rows: Mapping[State, Row]
    reach: Mapping[State, frozenset[State]]

    def next(self, state: State) -> tuple[State, ...]:
        """Return what may directly follow a state."""
        return tuple(follower for follower, row in self.rows.items() if state in row.after)


def _row(rank: int, after: set[State], article: str) -> Row:
    return Row(rank, frozenset(after), article)


def _table(rows: dict[State, Row]) -> Table:
    direct = {state: {follower for follower, row in rows.items() if state in row.after} for state in rows}
    reach = {state: frozenset(_reached(direct, state)) for state in rows}
    return Table(MappingProxyType(rows), MappingProxyType(reach))


def _reached(direct: Mapping[State, set[State]], start: State) -> set[State]:
    found: set[State] = set()
    left = [start]
    while left:
        new = direct[left.pop()] - found
        found |= new
        left.extend(new)
    return found


_S = State
_UNDECIDED = {_S.RECEIVED, _S.REFERRED}
_MEDIATION = {_S.ACCEPTED, _S.MEDIATING, _S.SUSPENDED}
_CHECK = {_S.CHECKING, _S.SUSPENDED}

DISPUTE = _table(
    {
        _S.RECEIVED: _row(0, set(), "总局令第20号 第六条、第七条"),
        _S.REFERRED: _row(1, _UNDECIDED, "总局令第20号 第十三条（分送、移送）"),
        _S.ACCEPTED: _row(2, _UNDECIDED, "总局令第20号 第十四条"),
        _S.REFUSED: _row(2, _UNDECIDED, "总局令第20号 第十五条"),
        _S.MEDIATING: _row(3, {_S.ACCEPTED, _S.SUSPENDED}, "总局令第20号 第十六条"),
        _S.SUSPENDED: _row(4, {_S.MEDIATING}, "总局令第20号 第十九条、第二十条"),
        _S.AGREED: _row(5, {_S.MEDIATING}, "总局令第20号 第二十二条"),
        _S.TERMINATED: _row(5, _MEDIATION, "总局令第20号 第二十一条"),
        _S.WITHDRAWN: _row(5, _UNDECIDED | _MEDIATION, "总局令第20号 第二十一条第一款第(一)项"),
        _S.MERGED: _row(5, _UNDECIDED | _MEDIATION, "总局令第121号（重复投诉，条号待核）"),
        _S.NOTIFIED: _row(6, {_S.AGREED, _S.TERMINATED}, "总局令第20号 第二十一条第二款"),
    }
)
LEAD = _table(
    {
        _S.RECEIVED: _row(0, set(), "总局令第20号 第二十三条"),
        _S.REFERRED: _row(1, _UNDECIDED, "总局令第20号 第二十五条（移送有处理权限的部门）"),
        _S.CHECKING: _row(2, _UNDECIDED | {_S.SUSPENDED}, "总局令第20号 第三十一条；市场监督管理行政处罚程序规定 第十八条"),
        _S.SUSPENDED: _row(3, {_S.CHECKING}, "市场监督管理行政处罚程序规定 第十八条（检测、检验期间不计入）"),
        _S.FILED: _row(4, _CHECK, "市场监督管理行政处罚程序规定 第十九条"),
        _S.NOT_FILED: _row(4, _CHECK, "市场监督管理行政处罚程序规定 第十九条、第二十条"),
        _S.WITHDRAWN: _row(4, _UNDECIDED | _CHECK, "总局令第20号 第三条"),
        _S.MERGED: _row(4, _UNDECIDED | _CHECK, "总局令第121号（重复举报，条号待核）"),
        _S.INFORMED: _row(5, {_S.FILED, _S.NOT_FILED}, "总局令第20号 第三十一条第二款"),
    }
)  # fmt: skip
TABLES: Mapping[int, Table] = MappingProxyType({CaseKind.DISPUTE: DISPUTE, CaseKind.LEAD: LEAD})

#: Sources word a lead as they word a dispute: an accepted lead is being checked, a refused one is not filed.
AS_LEAD: Mapping[int, State] = MappingProxyType({_S.ACCEPTED: _S.CHECKING, _S.REFUSED: _S.NOT_FILED})
#: While a case stands here the merchant may answer it; a received dispute may be answered before it is accepted.
ANSWERABLE = frozenset({_S.RECEIVED, _S.REFERRED, _S.ACCEPTED, _S.MEDIATING, _S.SUSPENDED})
