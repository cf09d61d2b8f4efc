"""How numbers, days and moments are written for people."""

from datetime import date, datetime, timedelta

from services.common.clock import CHINA

MINUS = "\N{MINUS SIGN}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def points(millipoints: int) -> str:
    """Write thousandths of a point as points, exactly, for example 547.5 or −12.5."""
    sign = MINUS if millipoints < 0 else ""
    whole, rest = divmod(abs(millipoints), 1000)
    return f"{sign}{whole}" + (f".{rest:03d}".rstrip("0") if rest else "")


def signed(millipoints: int) -> str:
    """Write a change of the score with its sign, for example +40; zero has none."""
    return f"+{points(millipoints)}" if millipoints > 0 else points(millipoints)


def equation(amounts: list[int]) -> str:
    """Write the addition of amounts and its sum, for example 700 + 40 − 80 = 660; empty for no amounts."""
    if not amounts:
        return ""
    head, *rest = amounts
    terms = [f"{MINUS if amount < 0 else '+'} {points(abs(amount))}" for amount in rest if amount]
    return " ".join([points(head), *terms, "=", points(sum(amounts))])


def moment(value: datetime) -> str:
    """Write a moment in China's time to the second, for example 2026-06-15 09:30:00."""
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def last_day_before(until: str) -> str:
    """Return the last day on which something holds that ends before `until` (YYYY-MM-DD)."""
    return (date.fromisoformat(until) - timedelta(days=1)).isoformat()


def money(fen: int, currency: str) -> str:
    """Write an amount in fen as yuan (or the currency's unit) with thousands separators, for example 1,000,000 CNY."""
    yuan, rest = divmod(fen, 100)
    return f"{yuan:,}" + (f".{rest:02d}" if rest else "") + f" {currency or 'CNY'}"


def age(seconds: float) -> tuple[str, int]:
    """Return the unit (seconds, minutes, hours or days) and the number of whole units that an age is told in."""
    whole = max(int(seconds), 0)
    for unit, size in (("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE)):
        if whole >= 2 * size:
            return unit, whole // size
    return "seconds", whole
