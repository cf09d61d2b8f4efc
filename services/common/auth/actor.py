"""The caller of a use case, as every written row keeps it."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a caller may be; a method names the roles that may call it."""

    REGULATOR = "regulator"
    OFFICE = "office"
    PLATFORM = "platform"
    DEPARTMENT = "department"
    AGENCY = "agency"
    MERCHANT = "merchant"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A caller: its subject (an account, or a merchant's credit code), its office, its roles."""

    subject: str
    office: str
    roles: frozenset[Role]

    def has(self, *roles: Role) -> bool:
        """Tell whether the actor has one of the roles."""
        return not self.roles.isdisjoint(roles)


PUBLIC_ACTOR = Actor(subject="anonymous", office="", roles=frozenset({Role.PUBLIC}))
