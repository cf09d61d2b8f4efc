"""Candidates for a name without a code: what one name's spellings share, and how candidates are ordered."""

import pytest

from services.credit.domain.matching import LEAST, Known, Named, Reason, name_key, rank

REGISTERED = Known("91520900MA6GN48P46", "云上艾珀（贵州）技术有限公司", "520900", 0)
OTHER = Known("9152000071430580XT", "贵州茅台酒股份有限公司", "520382", 0)
TWIN = Known("91520103MA6DK0H31H", "贵阳云上艾珀技术有限公司", "520103", 0)


@pytest.mark.parametrize(
    "spelling",
    [
        "云上艾珀(贵州)技术有限公司",
        "雲上艾珀（貴州）技術有限公司",
        "贵州云上艾珀技术有限责任公司",
        "贵阳市云上艾珀技术公司",
        "云上艾珀技术",
    ],
)
def test_spellings_of_one_name_share_a_key(spelling: str) -> None:
    assert name_key(spelling) == "云上艾珀技术"


@pytest.mark.parametrize("name", ["贵州", "贵阳公司", "公司", "A"])
def test_a_name_of_region_and_form_alone_keeps_a_key(name: str) -> None:
    assert name_key(name)


def test_candidates_stand_by_score_and_the_reasons_add_up() -> None:
    told = Named("云上艾珀（贵州）技术有限公司", "520900", "")
    first, second = rank(told, [OTHER, TWIN, REGISTERED], 10)
    assert (first.code, first.score) == (REGISTERED.code, 800)
    assert first.reasons == (Reason.NAME_EQUAL, Reason.SAME_PREFECTURE)
    assert (second.code, second.reasons) == (TWIN.code, (Reason.NAME_SAME_BUT_FOR_REGION_OR_FORM,))


def test_what_a_person_decided_before_weighs_and_what_is_far_off_is_no_candidate() -> None:
    told = Named("云上爱珀技术", "", "旗舰店")
    (plain,) = rank(told, [REGISTERED, OTHER], 10)
    (before,) = rank(told, [REGISTERED._replace(decided_before=2), OTHER], 10)
    assert LEAST <= plain.score < before.score
    assert before.reasons == (Reason.NAME_SIMILAR, Reason.DECIDED_BEFORE)
