"""The policy's file: what is amiss is a typed error that names the key and the fix; its examples must hold."""

from pathlib import Path

import pytest

from services.common.errors import InvalidInput
from services.credit.domain import examples, policy
from services.credit.domain.policy_schema import KEYS

TEXT = (Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text()


def refused(text: str) -> list[tuple[str, str]]:
    """Return the keys and the fixes of a refusal."""
    with pytest.raises(InvalidInput) as refusal:
        examples.check(policy.load(text))
    assert refusal.value.reason == "INVALID_FIELD"
    return [(violation.field, violation.description) for violation in refusal.value.violations]


def test_the_shipped_policy_is_whole_and_its_examples_hold() -> None:
    loaded = policy.load(TEXT)
    examples.check(loaded)
    assert len(loaded.digest) == 64
    assert all(loaded.bases.values())


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        # a gap
        ("slope_millipoints = 250000", "", "complaint.slope_millipoints", "absent: add it"),
        ("BBB = 740000, ", "", "grades.floors.BBB", "absent: add it"),
        (", NONE = 1400", "", "complaint.response_weights.NONE", "absent: add it"),
        ("87, 21, 0]", "87, 0]", "complaint.complainant_weights", "give 8, no gap"),
        ("from_orders = 0", "from_orders = 5", "complaint.peer_groups[0].from_orders", "a gap below it"),
        # an overlap
        ("AA = 850000", "AA = 960000", "grades.floors.AA", "overlaps AAA"),
        ("A = 795000", "A = 850000", "grades.floors.A", "overlaps AA"),
        ("from_orders = 100000", "from_orders = 20000", "complaint.peer_groups[2].from_orders", "overlaps"),
        # an unknown rule
        ("[ceilings]", "[unheard]\nx = 1\n[ceilings]", "unheard", "unknown: remove it"),
        ("[ceilings]", "[ceilings]\nmoons = 1", "ceilings.moons", "unknown: remove it"),
        ("outcome_weights = {", "outcome_weights = { SULKED = 1,", "complaint.outcome_weights.SULKED", "unknown"),
        ('"MOVED_OUT"', '"GONE"', "registration.unrated_statuses", "GONE is no operating status"),
        # a float
        ("slope_millipoints = 250000", "slope_millipoints = 55.5", "complaint.slope_millipoints", "55.5 is a float"),
        ("1000, 944", "1000, 94.4", "complaint.decay[1]", "94.4 is a float"),
        ("AGREED = 400", "AGREED = 4e2", "complaint.outcome_weights.AGREED", "4e2 is a float"),
        ("least_cases = 10", "least_cases = true", "complaint.burst.least_cases", "no whole number"),
        # a missing citation
        ('[penalty]\nbasis = "', '[penalty]\nbasis = ""\n# "', "penalty.basis", "no citation"),
        ('peer_basis = "', 'peer_basis = " "\n# "', "complaint.peer_basis", "no citation"),
        ('age_basis = "', '# "', "registration.age_basis", "absent: add it"),
        # a failing example
        ("score_millipoints = 725000", "score_millipoints = 740001", "examples[0]", "the policy gives (725000, 'BB')"),
        ("slope_millipoints = 250000", "slope_millipoints = 90000", "examples[4]", "expected (405000, 'CCC')"),
        # examples that are none
        ("day = 2026-06-15\n", 'day = "soon"\n', "examples[0].day", "give a day"),
        ('status = "OPERATING" }', 'status = "ASLEEP" }', "examples[0].facts.status", "give one of"),
        ("severity = 2,", "severity = 9,", "examples[2].facts.penalties[0].severity", "give 1 to 3"),
        # what else cannot be meant
        ("schema = 1", "schema = 2", "schema", "give 1 to 1"),
        ("effective_from = 2026-01-01", 'effective_from = "2026-01-01"', "effective_from", "give a day"),
        ("1000, 944", "1000, 1001", "complaint.decay", "0 to 1000"),
        ("1000, 944, 891", "1000, 891, 944", "complaint.decay", "never rise"),
        ("87, 21, 0]", "87, 21, 1]", "complaint.complainant_weights", "must weigh 0"),
        ("serious_millipoints = -250000", "serious_millipoints = -1", "penalty.serious_millipoints", "severity"),
        ("relief_millipoints = 230000", "relief_millipoints = -1", "complaint.relief_millipoints", "give 0"),
        ("relief_cap_millipoints = 230000", "relief_cap_millipoints = 1", "complaint.peer_groups[2]", "give 210000"),
        ("millipoints = 550000", "millipoints = 540000", "complaint.bound.millipoints", "publish 550000"),
        ("complainant_cases_milli = 1960", "complainant_cases_milli = 1", "complaint.bound", "publish 1960"),
        ('override_grade = "D"', 'override_grade = "B"', "list.override_grade", "give D"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_by_its_key_with_the_fix(old: str, new: str, field: str, said: str) -> None:
    assert old in TEXT
    found = refused(TEXT.replace(old, new, 1))
    assert any(key.startswith(field) and said in description for key, description in found), found


def test_every_fault_is_named_at_once() -> None:
    broken = TEXT.replace("slope_millipoints = 250000", "slop = 1").replace("new_months = 6", "new_months = 6.5")
    fields = [field for field, _ in refused(broken)]
    assert {"complaint.slope_millipoints", "complaint.slop", "registration.new_months"} <= set(fields)


def test_a_file_that_is_no_toml_is_refused() -> None:
    assert refused("= nonsense")[0][0] == "policy"


def test_a_policy_without_examples_is_refused() -> None:
    head = TEXT.split("[[examples]]")[0]
    assert ("examples", "is absent: add it") in refused(head)


@pytest.mark.parametrize("section", sorted(KEYS))
def test_every_section_is_needed(section: str) -> None:
    import tomllib

    data = tomllib.loads(TEXT)
    del data[section]
    from services.credit.domain.policy_schema import faults

    assert section in [fault.field for fault in faults(data)]
