"""Who an enterprise is: its registration (登记管理条例实施细则 art. 23), and what makes one acceptable."""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from services.common.errors import FieldViolation, InvalidCreditCode, InvalidInput
from services.common.kernel import credit_code
from services.common.kernel.day import parse_optional_day

MAX_NAME = 200
MAX_ADDRESS = 500
MAX_SCOPE = 8000
MAX_TYPE = 100
EARLIEST = date(1900, 1, 1)


class OperatingStatus(IntEnum):
    """Operating status as GSXT words it."""

    OPERATING = 1
    MOVED_OUT = 2
    DEREGISTERED = 3
    LICENCE_REVOKED = 4
    ANNULLED = 5
    CLOSED = 6
    DORMANT = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A registration as handed in; days and the code still as text. Money in fen of the currency; None is unknown."""

    credit_code: str
    name: str
    enterprise_type: str
    capital_fen: int | None
    capital_currency: str
    region_code: str
    address: str
    business_scope: str
    established_on: str
    status: int
    status_since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """A registration in its normal form; mergers and splits are steps of their own, which no correction of the rest touches."""

    credit_code: credit_code.CreditCode
    name: str
    enterprise_type: str
    capital_fen: int | None
    capital_currency: str
    region_code: str
    address: str
    business_scope: str
    established_on: date | None
    status: OperatingStatus
    status_since: date | None
    merged_into: str = ""
    merged_on: date | None = None
    # Not in the repr, of which the digests of requests are made: one that came before there were splits keeps its own.
    split_from: str = field(default="", repr=False)
    split_on: date | None = field(default=None, repr=False)


def normalise(draft: Draft, today: date) -> Enterprise:
    """Return the registration in its normal form.

    Raises InvalidCreditCode when the code alone is wrong, else InvalidInput with every field that is wrong.
    """
    code = credit_code.parse(draft.credit_code)
    wrong = [*_texts(draft), *_numbers(draft)]
    established = _day(draft.established_on, "established_on", today, wrong)
    since = _day(draft.status_since, "status_since", today, wrong)
    if wrong:
        raise InvalidInput(f"{len(wrong)} fields of {code} are wrong: {wrong[0].field}", violations=tuple(wrong))
    return Enterprise(
        credit_code=code,
        name=draft.name.strip(),
        enterprise_type=draft.enterprise_type.strip(),
        capital_fen=draft.capital_fen,
        capital_currency=draft.capital_currency or ("" if draft.capital_fen is None else "CNY"),
        region_code=draft.region_code,
        address=draft.address.strip(),
        business_scope=draft.business_scope.strip(),
        established_on=established,
        status=OperatingStatus(draft.status),
        status_since=since,
    )


def defect_of(error: InvalidInput) -> FieldViolation:
    """Return the first violation, as one row of a batch reports it."""
    if error.violations:
        return error.violations[0]
    field = "credit_code" if isinstance(error, InvalidCreditCode) else ""
    return FieldViolation(field=field, description=str(error))


def _texts(draft: Draft) -> list[FieldViolation]:
    limits = {
        "name": (draft.name, 1, MAX_NAME),
        "enterprise_type": (draft.enterprise_type, 0, MAX_TYPE),
        "address": (draft.address, 0, MAX_ADDRESS),
        "business_scope": (draft.business_scope, 0, MAX_SCOPE),
    }
    wrong = [
        FieldViolation(field=field, description=f"give {least} to {most} characters")
        for field, (text, least, most) in limits.items()
        if not least <= len(text.strip()) <= most
    ]
    return wrong + [
        FieldViolation(field=field, description="remove control characters")
        for field, (text, _, _) in limits.items()
        if any(ord(character) < 32 and character not in "\n\t\r" for character in text)
    ]


def _numbers(draft: Draft) -> list[FieldViolation]:
    region = draft.region_code
    checks = {
        "registered_capital_fen: give fen, 0 or more": draft.capital_fen is None or draft.capital_fen >= 0,
        "capital_currency: write an ISO 4217 code such as CNY": not draft.capital_currency
        or (len(draft.capital_currency) == 3 and draft.capital_currency.isascii() and draft.capital_currency.isupper()),
        "region_code: give the six digits of GB/T 2260": not region
        or (len(region) == 6 and region.isascii() and region.isdigit()),
        "status: give one of the operating statuses": draft.status in set(OperatingStatus),
    }
    return [
        FieldViolation(field=rule.partition(": ")[0], description=rule.partition(": ")[2])
        for rule, holds in checks.items()
        if not holds
    ]


def _day(text: str, field: str, today: date, wrong: list[FieldViolation]) -> date | None:
    try:
        day = parse_optional_day(text, field)
    except InvalidInput as error:
        wrong.extend(error.violations)
        return None
    if day is not None and not EARLIEST <= day <= today:
        wrong.append(FieldViolation(field=field, description=f"the day must lie between {EARLIEST} and today {today}"))
    return day
