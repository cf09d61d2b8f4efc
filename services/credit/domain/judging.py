"""What a person judged of complaint cases: one by one in the review of a burst, or all of a complainant by a mark."""

from enum import IntEnum


class Judgement(IntEnum):
    """What a review found of a case; numbers as in the proto."""

    NONE = 0
    GENUINE = 1
    ABUSIVE = 2


class Mark(IntEnum):
    """How a complainant is marked; numbers as in the proto."""

    NONE = 0
    #: 职业索赔、重复投诉: complains again and again for gain.
    REPEAT = 1
    #: 骗取赔偿、虚假材料: a case of this complainant ended for fraud.
    FRAUD = 2
    #: The mark was taken back.
    LIFTED = 3
