"""A back-test as JSON, as it is kept, and back."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from services.common.kernel.grade import Grade
from services.credit.application.backtest import Backtest, Mover


def dumps(found: Backtest) -> str:
    """Return a back-test as JSON."""
    return orjson.dumps(
        {
            "day": found.day,
            "position": found.position,
            "active": found.active,
            "draft": found.draft,
            "matrix": [(int(old), int(new), count) for (old, new), count in sorted(found.matrix.items())],
            "up": _pairs(found.up),
            "down": _pairs(found.down),
            "rules": found.rules,
            "movers": [(m.change, m.code, int(m.from_grade), int(m.to_grade), m.by_rule) for m in found.movers],
        }
    ).decode()


def loads(text: str) -> Backtest:
    """Return the back-test of its JSON."""
    told: Mapping[str, Any] = orjson.loads(text)
    found = Backtest(date.fromisoformat(told["day"]), told["position"], tuple(told["active"]), tuple(told["draft"]))
    found.matrix = Counter({(Grade(old), Grade(new)): count for old, new, count in told["matrix"]})
    found.up = Counter({(kind, name): count for kind, name, count in told["up"]})
    found.down = Counter({(kind, name): count for kind, name, count in told["down"]})
    found.rules = Counter(told["rules"])
    found.movers = [Mover(change, code, Grade(old), Grade(new), by) for change, code, old, new, by in told["movers"]]
    return found


def _pairs(counted: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(kind, name, count) for (kind, name), count in sorted(counted.items())]
