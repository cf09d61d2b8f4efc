"""What credit keeps of a split, and that rows and events without one are read as before."""

from datetime import date

import orjson
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot

from services.credit.adapters.bodies import registration
from services.credit.domain.facts import Registration
from services.credit.domain.subject import SubjectState

CODE = "91520900MA6GN48P46"
ORIGIN = "9152000071430580XT"
WHOLE = Registration(
    CODE, "某某", "", "520100", "", "", date(2021, 3, 1), 1, None, 2, "", None, ORIGIN, date(2021, 2, 1)
)


def restored(row: list[object]) -> Registration | None:
    """Return the registration that is read of a stored row."""
    detail = orjson.loads(orjson.dumps({**SubjectState().to_detail(), "registration": row}, default=list))
    return SubjectState.restore(b"", detail).registration


def test_an_event_tells_of_a_split() -> None:
    told = EnterpriseSnapshot(credit_code=CODE, split_from=ORIGIN, split_on="2021-02-01")
    assert registration(told)[-2:] == (ORIGIN, date(2021, 2, 1))


def test_an_event_without_a_split_is_read_as_before() -> None:
    told = EnterpriseSnapshot(credit_code=CODE, merged_into=ORIGIN, merged_on="2021-02-01")
    assert registration(told)[-4:] == (ORIGIN, date(2021, 2, 1), "", None)


def test_a_stored_split_is_read_back() -> None:
    assert restored(list(WHOLE)) == WHOLE


def test_a_row_stored_before_there_were_splits_is_read_without_one() -> None:
    assert restored(list(WHOLE[:12])) == WHOLE._replace(split_from="", split_on=None)
