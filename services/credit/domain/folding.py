"""What stands of a fact: the one effective value of all accounts of it, the same in any order.

A stronger source's word stands over a weaker one's, and a later over an earlier one's (design.md section 4).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.credit.domain.cases import life
from services.credit.domain.cases.answers import Category, Response
from services.credit.domain.cases.case import Account, Step
from services.credit.domain.cases.outcome import final_response, weighing
from services.credit.domain.cases.states import CaseKind, State
from services.credit.domain.facts import Assertion, Body, Complaint, ComplaintStatus, Fact, Penalty, Registration
from services.credit.domain.listed import Listed

#: What an account of a penalty can be silent about.
_DETAILS = ("severity", "fine_fen", "confiscated_fen", "conduct_type", "authority_name", "legal_basis", "state")


def fold(assertions: Iterable[Assertion]) -> Fact | None:
    """Return the effective value: the last account by (authority, source time, event id); None for no account.

    A registration's order is the registry's own revision, which its source time cannot contradict. A complaint's status and
    response follow from all its accounts (cases/life.py); the last one gives the rest. Departments tell of a penalty with more
    or less detail: of those with the same authority the last account of each detail stands, so a copy that is silent about a
    revocation takes none back, and a weaker source revokes nothing.
    """
    known = list(assertions)
    if not known:
        return None
    last = known[0] if len(known) == 1 else max(known, key=word)
    if isinstance(last.body, Complaint):
        return _complaint(known, last, last.body)
    if isinstance(last.body, Penalty) and len(known) > 1:
        peers = [assertion for assertion in known if assertion.authority == last.authority]
        details = {name: _last_told(peers, name, last.body) for name in _DETAILS}
        return Fact(last.fact_id, len(known), last.held, last.body._replace(**details))
    return Fact(last.fact_id, len(known), last.held, last.body)


def _complaint(known: list[Assertion], last: Assertion, body: Complaint) -> Fact:
    """Return the fact of a case; its answer decides the response, else what a source told of it last, else the file of its office.

    A case that only credit itself judged, because its source's account was taken back or is yet to come, counts as withdrawn.
    """
    case = life.fold(CaseKind(body.kind), body.received_on, (_account(told, body.code) for told in known))
    told = Response(body.response or (_told_response(known) if len(known) > 1 else Response.UNKNOWN))
    answered = final_response(case, told)
    counts_as = weighing(case) if not (body.judgement or body.mark) else ComplaintStatus.WITHDRAWN
    if (counts_as, answered) != (body.status, body.response):
        body = body._replace(status=counts_as.value, response=int(answered))
    if len(known) > 1:
        body = body._replace(**{name: _last_told(known, name, body) for name in ("complainant", "judgement", "mark")})
    return Fact(last.fact_id, len(known), last.held, body, case)


def _last_told(known: list[Assertion], name: str, otherwise: Body) -> Any:
    """Return what was told last of a field; an account that is silent about it takes nothing back; of money 0 is told too."""
    told = [assertion for assertion in known if getattr(assertion.body, name) or _is_amount(assertion.body, name)]
    last = max(told, key=rank, default=None)
    return getattr(last.body if last else otherwise, name)


def _is_amount(body: Body, name: str) -> bool:
    return name.endswith("_fen") and getattr(body, name) is not None


def word(assertion: Assertion) -> tuple[bool, tuple[int, int, datetime, str]]:
    """Return what orders the accounts of a fact; one that only judges a case says nothing else of it."""
    body = assertion.body
    judges = isinstance(body, Complaint) and bool(body.judgement or body.mark)
    return not judges, rank(assertion)


def _account(told: Assertion, code: str) -> Account:
    """Return what an account tells of the case of a merchant; that it was not a former one's shop is no answer of its."""
    body = told.body
    if not isinstance(body, Complaint):
        raise TypeError(f"{told.fact_id} is a complaint, and {told.event_id} tells of something else")
    step = Step(State(body.status), body.status_on, body.office, body.reason, body.target) if body.status else None
    answer = body.answer
    if answer is not None and answer.category is Category.NOT_MY_SHOP and body.code != code:
        answer = None
    return Account(told.authority, told.source_time, told.event_id, step, answer, body.extended_on)


def _told_response(known: list[Assertion]) -> int:
    """Return the response that was told last; an account that is silent about it takes nothing back."""
    told = [assertion for assertion in known if isinstance(assertion.body, Complaint) and assertion.body.response]
    last = max(told, key=rank, default=None)
    return last.body.response if last and isinstance(last.body, Complaint) else Response.UNKNOWN


def rank(assertion: Assertion) -> tuple[int, int, datetime, str]:
    """Return what orders the accounts of a fact; the greatest one is the last word."""
    revision = assertion.body.revision if isinstance(assertion.body, Registration | Listed) else 0
    return assertion.authority, revision, assertion.source_time, assertion.event_id
