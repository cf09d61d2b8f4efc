"""Reads one enterprise, or pages through them in the order of their codes."""

from collections.abc import Sequence

from services.common.errors import FieldViolation, InvalidInput, NotFound
from services.common.kernel import credit_code
from services.registry.application.ports import Registered, Registers


class ReadEnterprises:
    """The use case behind GetEnterprise and ListEnterprises."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    def get(self, code: str) -> Registered:
        """Return one enterprise; raises InvalidCreditCode and NotFound."""
        parsed = credit_code.parse(code)
        found = self._registers.get(parsed)
        if found is None:
            raise NotFound(
                f"no enterprise is registered under {parsed}",
                metadata={"resource_type": "Enterprise", "resource_name": parsed},
            )
        return found

    def page(self, *, region_prefix: str, after: str, limit: int) -> Sequence[Registered]:
        """Return a page after a code; raises InvalidInput for a prefix that is not digits."""
        if region_prefix and not (region_prefix.isascii() and region_prefix.isdigit()):
            raise InvalidInput(
                "region_prefix is no region code",
                violations=(FieldViolation(field="region_prefix", description="give leading digits of GB/T 2260"),),
            )
        return self._registers.page(region_prefix=region_prefix, after=after, limit=limit)
