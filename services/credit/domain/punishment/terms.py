"""The closed terms of joint punishment; numbers as in the protos."""

from enum import IntEnum, StrEnum


class ListingState(IntEnum):
    """Where a listing stands."""

    PROPOSED = 1
    NOTIFIED = 2
    HEARD = 3
    NO_HEARING = 4
    DECIDED = 5
    DROPPED = 6
    PUBLISHED = 7
    ENDED = 8


class StepKind(IntEnum):
    """A step of a listing's procedure."""

    PROPOSE = 1
    NOTIFY = 2
    HEAR = 3
    PASS_HEARING = 4
    DECIDE = 5
    DROP = 6
    PUBLISH = 7
    END = 8
    OBJECT = 9
    REFUSE_OBJECTION = 10
    APPLY_REPAIR = 11
    REFUSE_REPAIR = 12
    APPROVE = 13


class EndReason(IntEnum):
    """Why a listing, or one order under it, ended."""

    TERM_OVER = 1
    EARLY_REMOVAL = 2
    REPAIRED = 3
    ANNULLED = 4
    BASIS_ENDED = 5
    MERGED = 6
    CURED = 7


class MeasureKind(IntEnum):
    """The classes of the national list of measures, and incentives."""

    RESTRICT = 1
    MANAGE = 2
    MARKET = 3
    INCENTIVE = 4


class Purpose(IntEnum):
    """What somebody is about to decide on an enterprise."""

    LICENCE = 1
    PROCUREMENT = 2
    FUNDING = 3
    FINANCE = 4
    HONOUR = 5
    SUPERVISION = 6


class Nature(StrEnum):
    """Whether a list weighs on its members or rewards them."""

    ADVERSE = "adverse"
    INCENTIVE = "incentive"


class DirectiveState(IntEnum):
    """Where one order to one department stands."""

    ISSUED = 1
    DELIVERED = 2
    ACKNOWLEDGED = 3
    APPLIED = 4
    DECLINED = 5
    REPORTED = 6
    LIFTING = 7
    LIFTED_CONFIRMED = 8


class FeedbackKind(IntEnum):
    """What a department tells of a directive."""

    DELIVERED = 1
    ACKNOWLEDGED = 2
    APPLIED = 3
    DECLINED = 4
    REPORTED = 5
    LIFT_CONFIRMED = 6


class DeclineReason(IntEnum):
    """Why a department does not apply a measure."""

    NOT_COMPETENT = 1
    BASIS_NOT_APPLICABLE = 2
    WRONG_ENTERPRISE = 3
    ENTERPRISE_ENDED = 4
    DISPROPORTIONATE = 5


class Action(IntEnum):
    """What a directive asks of a department."""

    APPLY = 1
    LIFT = 2
    REMIND = 3
