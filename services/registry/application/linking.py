"""What every link between two enterprises asks of the register: the request once, the rows locked, one new revision."""

import hashlib
from collections.abc import Mapping
from datetime import date

from services.common.auth.actor import Actor
from services.common.clock import Clock, china_day
from services.common.errors import NotFound, invalid
from services.common.kernel.day import parse_day
from services.registry.application.ports import Register, Registered
from services.registry.domain.enterprise import Enterprise

MAX_REQUEST_ID = 64


def is_answered(register: Register, actor: Actor, request_id: str, content: str) -> bool:
    """Return whether the request came before, and keep its id for this content.

    Raises InvalidInput when the id is empty or too long, RequestIdReused when it came with another content.
    """
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")
    return register.answered(actor, request_id, hashlib.sha256(content.encode()).digest()) is not None


def locked(register: Register, code: str) -> Registered:
    """Return one enterprise and lock it; raises NotFound."""
    return among(register.lock([code]), code)


def among(found: Mapping[str, Registered], code: str) -> Registered:
    """Return the enterprise of a code among those found; raises NotFound."""
    if code not in found:
        raise NotFound(
            f"no enterprise is registered under {code}", metadata={"resource_type": "Enterprise", "resource_name": code}
        )
    return found[code]


def written(register: Register, actor: Actor, present: Registered, wanted: Enterprise) -> Registered:
    """Write the next revision and return it; without a difference nothing is written."""
    if wanted == present.enterprise:
        return present
    registered = Registered(wanted, present.revision + 1)
    register.save(actor, [registered])
    return registered


def past_day(clock: Clock, text: str, field: str) -> date:
    """Return a day given as YYYY-MM-DD; raises InvalidInput naming the field, also when it is in the future."""
    day, today = parse_day(text, field), china_day(clock.now())
    if day > today:
        raise invalid(field, f"{day} is in the future: today is {today}")
    return day
