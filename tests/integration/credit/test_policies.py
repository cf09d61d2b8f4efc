"""A policy comes into force by two persons, from a day ahead, and as it was drafted."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest

from services.common.auth.actor import Actor, Role
from services.common.clock import FixedClock
from services.common.errors import AlreadyExists, Forbidden, InvalidInput, NotFound, PreconditionFailed
from services.credit.adapters.policy_runs import PostgresRuns
from services.credit.adapters.policy_store import PostgresPolicies, claim, with_activated
from services.credit.application.manage_policies import ManagePolicies
from services.credit.application.policies import Policies
from services.credit.config import POLICY_FOLDER
from services.credit.domain import policy
from services.credit.domain.policy_life import PolicyStage
from tests.integration.credit.world import NOW

TEXT = (POLICY_FOLDER / "2026-1.toml").read_text()
SHIPPED = policy.load(TEXT)
DRAFT = TEXT.replace('version = "2026-1"', 'version = "2027-1"').replace("= 2026-01-01", "= 2027-01-01", 1)


def person(name: str, role: Role = Role.REGULATOR) -> Actor:
    return Actor(subject=name, office="520000", roles=frozenset({role}))


LI, WANG = person("li"), person("wang")


class Office:
    """What two persons do, over one connection."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.clock = FixedClock(NOW)
        self.store = PostgresPolicies(conn)
        self.manage = ManagePolicies(self.store, [SHIPPED], self.clock, PostgresRuns(conn, Policies([SHIPPED])))

    def in_force(self, day: date) -> str:
        return with_activated([SHIPPED], self.store).on(day).version


@pytest.fixture
def office(dsn: str) -> Iterator[Office]:
    with psycopg.connect(dsn) as conn:
        yield Office(conn)


def test_two_persons_bring_a_draft_into_force_from_its_day_on(office: Office) -> None:
    assert office.manage.draft(LI, DRAFT).stage is PolicyStage.DRAFT
    assert office.manage.draft(WANG, DRAFT).drafted_by == "li"
    office.manage.shadow(LI, "2027-1")
    assert office.manage.approve(WANG, "2027-1").approved_by == "wang"
    assert office.in_force(date(2027, 3, 1)) == "2026-1"
    assert office.manage.activate(WANG, "2027-1").activated_by == "wang"
    assert (office.in_force(date(2026, 12, 31)), office.in_force(date(2027, 1, 1))) == ("2026-1", "2027-1")


def test_who_drafted_neither_approves_nor_activates(office: Office) -> None:
    office.manage.draft(LI, DRAFT)
    office.manage.shadow(WANG, "2027-1")
    with pytest.raises(PreconditionFailed, match="second person"):
        office.manage.approve(LI, "2027-1")
    office.manage.approve(WANG, "2027-1")
    with pytest.raises(PreconditionFailed, match="second person"):
        office.manage.activate(LI, "2027-1")


def test_a_step_out_of_order_is_refused(office: Office) -> None:
    office.manage.draft(LI, DRAFT)
    with pytest.raises(PreconditionFailed, match="shadow it first"):
        office.manage.approve(WANG, "2027-1")
    office.manage.shadow(LI, "2027-1")
    office.manage.shadow(LI, "2027-1")
    with pytest.raises(PreconditionFailed, match="approve it first"):
        office.manage.activate(WANG, "2027-1")
    office.manage.approve(WANG, "2027-1")
    with pytest.raises(PreconditionFailed, match="only a draft"):
        office.manage.shadow(LI, "2027-1")


def test_a_day_that_has_come_is_not_restated(office: Office) -> None:
    with pytest.raises(InvalidInput, match="effective_from"):
        office.manage.draft(LI, DRAFT.replace("= 2027-01-01", "= 2026-06-15", 1))
    office.manage.draft(LI, DRAFT)
    office.manage.shadow(LI, "2027-1")
    office.manage.approve(WANG, "2027-1")
    office.clock.moment = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)
    with pytest.raises(PreconditionFailed, match="ahead"):
        office.manage.activate(WANG, "2027-1")


def test_a_version_has_one_text(office: Office) -> None:
    office.manage.draft(LI, DRAFT)
    with pytest.raises(AlreadyExists, match="2027-1"):
        office.manage.draft(LI, DRAFT + "\n# another\n")
    with pytest.raises(AlreadyExists, match="2026-1"):
        office.manage.draft(LI, DRAFT.replace('"2027-1"', '"2026-1"'))


def test_only_a_regulator_and_only_what_holds(office: Office) -> None:
    with pytest.raises(Forbidden):
        office.manage.draft(person("p", Role.PLATFORM), DRAFT)
    with pytest.raises(InvalidInput, match="example fails"):
        office.manage.draft(LI, DRAFT.replace("ordinary_millipoints = -80000", "ordinary_millipoints = -70000"))
    with pytest.raises(NotFound):
        office.manage.shadow(LI, "2031-1")


def test_a_shipped_policy_that_was_used_never_changes(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        claim(conn, [SHIPPED])
        claim(conn, [SHIPPED])
        edited = policy.load(TEXT.replace("# The first scoring policy", "# The first, edited, scoring policy"))
        with pytest.raises(PreconditionFailed, match="another text"):
            claim(conn, [edited])
