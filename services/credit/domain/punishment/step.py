"""One step of a procedure: what was done, on which day, by whom, in what office, on what paper."""

from dataclasses import dataclass
from datetime import date

from services.common.errors import FieldViolation, InvalidInput, PersonalDataInClear
from services.credit.domain.personal_data import found_in
from services.credit.domain.punishment.terms import EndReason, StepKind

MAX_TEXT = 2000
MAX_DOCUMENT = 128
#: What a step of a kind cannot be without.
REQUIRED: dict[StepKind, tuple[str, ...]] = {
    StepKind.PROPOSE: ("reasons", "fact_ids"),
    StepKind.NOTIFY: ("document_number", "reasons", "rights"),
    StepKind.HEAR: ("document_number", "reasons"),
    StepKind.APPROVE: ("document_number",),
    StepKind.DECIDE: ("document_number", "reasons"),
    StepKind.DROP: ("document_number", "reasons"),
    StepKind.END: ("document_number", "end_reason"),
    StepKind.OBJECT: ("reasons",),
    StepKind.REFUSE_OBJECTION: ("document_number", "reasons"),
    StepKind.APPLY_REPAIR: ("reasons", "fact_ids"),
    StepKind.REFUSE_REPAIR: ("document_number", "reasons", "next_on"),
}
#: What the fields of a step are called in the request that makes it.
_NAMES = {
    (StepKind.END, "end_reason"): "reason",
    (StepKind.HEAR, "reasons"): "summary",
    (StepKind.OBJECT, "reasons"): "grounds",
    (StepKind.APPLY_REPAIR, "reasons"): "commitment",
    (StepKind.APPLY_REPAIR, "fact_ids"): "proofs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step; `fact_ids` are the evidence of a proposal and the proofs of a repair, `until` the end of a publication."""

    kind: StepKind
    day: date
    actor: str
    office: str
    document_number: str = ""
    reasons: str = ""
    rights: str = ""
    fact_ids: tuple[str, ...] = ()
    measure_ids: tuple[str, ...] = ()
    approver: str = ""
    approval_office: str = ""
    approval_document: str = ""
    end_reason: EndReason | None = None
    until: date | None = None
    next_on: date | None = None


def check_complete(step: Step) -> None:
    """Raise InvalidInput naming every field that is absent or too long, PersonalDataInClear for a person's numbers in its words."""
    absent = [name for name in REQUIRED.get(step.kind, ()) if not getattr(step, name)]
    found = [_violation(step.kind, name, "is needed for this step") for name in absent]
    found += [
        _violation(step.kind, name, f"at most {limit} characters")
        for name, limit in (("document_number", MAX_DOCUMENT), ("reasons", MAX_TEXT), ("rights", MAX_TEXT))
        if len(getattr(step, name)) > limit
    ]
    if found:
        raise InvalidInput(f"{found[0].field} {found[0].description}", violations=tuple(found))
    refuse_personal_data(_NAMES.get((step.kind, "reasons"), "reasons"), step.reasons)


def refuse_personal_data(field: str, text: str) -> None:
    """Raise PersonalDataInClear for a text with a person's number or address: it is kept for good, and departments read it."""
    if found := found_in(text):
        description = f"it holds {found}: name documents and facts, never a person"
        violation = FieldViolation(field=field, description=description)
        raise PersonalDataInClear(f"{field}: {description}", violations=(violation,))


def _violation(kind: StepKind, name: str, description: str) -> FieldViolation:
    return FieldViolation(field=_NAMES.get((kind, name), name), description=description)
