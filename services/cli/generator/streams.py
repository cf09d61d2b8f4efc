"""Generates the three streams month by month, so that memory holds a month and what is still to come of it."""

from collections.abc import Mapping
from contextlib import ExitStack
from math import inf
from pathlib import Path

from services.cli.generator import complaints, penalties, volumes
from services.cli.generator.delivery import Delivery
from services.cli.generator.merchants import Merchants
from services.cli.generator.plan import Plan
from services.cli.generator.randomness import Stream, generator
from services.cli.generator.wording import SECONDS_A_DAY
from services.common.kernel.day import first_of_month

FILES = ("complaints", "violations", "volumes")


def write(plan: Plan, merchants: Merchants, folder: Path) -> Mapping[str, int]:
    """Write complaints.jsonl, violations.jsonl and volumes.jsonl into a folder; returns how many lines each has."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        deliveries = {}
        for position, name in enumerate(FILES):
            out = stack.enter_context((folder / f"{name}.jsonl").open("wb"))
            rng = generator(plan.seed, Stream.DELIVERY, position)
            deliveries[name] = Delivery(out, rng, plan.duplicates)
        for month in plan.months:
            _month(plan, merchants, month, deliveries)
        for delivery in deliveries.values():
            delivery.write_until(inf)
    return {name: delivery.written for name, delivery in deliveries.items()}


def _month(plan: Plan, merchants: Merchants, month: int, deliveries: Mapping[str, Delivery]) -> None:
    orders = volumes.orders_of(plan, merchants, month)
    deliveries["complaints"].take(complaints.cases_of(plan, merchants, month, orders))
    deliveries["violations"].take(penalties.decisions_of(plan, merchants, month))
    deliveries["volumes"].take(volumes.reports(plan, merchants, month, orders))
    for delivery in deliveries.values():
        delivery.write_until(first_of_month(month + 1).toordinal() * SECONDS_A_DAY)
