"""Money in fen: amounts as registries and gazettes write them, to integers."""

import re
from dataclasses import dataclass
from decimal import Decimal

from services.common.errors import FieldViolation, InvalidInput

_AMOUNT = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>\D*)")
_BRACKETS = str.maketrans("", "", "()（） ")
_UNKNOWN = frozenset({"", "N/A", "-", "—", "无"})
_CURRENCIES = (
    ("人民币", "CNY"), ("美元", "USD"), ("港元", "HKD"), ("港币", "HKD"), ("欧元", "EUR"), ("日元", "JPY"),
    ("英镑", "GBP"), ("澳门元", "MOP"), ("台币", "TWD"), ("加拿大元", "CAD"), ("澳大利亚元", "AUD"),
    ("新加坡元", "SGD"), ("韩元", "KRW"), ("瑞士法郎", "CHF"), ("马克", "DEM"), ("法郎", "FRF"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money: hundredths of the currency's unit (fen for CNY), and the ISO 4217 code."""

    fen: int
    currency: str


def parse_capital(text: str, *, field: str = "capital") -> Amount | None:
    """Return a registered capital such as 1,178.3792(万元), 1,000(万元(人民币)) or 500万人民币; None when it is unknown, never zero.

    The unit must stand in the text: 万 for ten thousand, else single units. Raises InvalidInput naming the field.
    """
    stripped = text.strip()
    if stripped in _UNKNOWN:
        return None
    match = _AMOUNT.fullmatch(stripped)
    unit = match["unit"].translate(_BRACKETS) if match else ""
    if match is None or not unit:
        description = f"{stripped[:40]!r} is no amount with a unit: write for example 500万人民币"
        raise InvalidInput(
            f"{field}: {description}", violations=(FieldViolation(field=field, description=description),)
        )
    factor = 10_000 if "万" in unit else 1
    number = Decimal(match["number"].replace(",", ""))
    return Amount(int(number * factor * 100), _currency(unit))


def _currency(unit: str) -> str:
    return next((code for word, code in _CURRENCIES if word in unit), "CNY")
