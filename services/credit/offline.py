"""Credit's composition root for what runs beside the servers: the command line calls these and knows no part of credit."""

from datetime import date
from pathlib import Path

from services.common.clock import Clock, china_day
from services.credit.adapters.evaluation_files import find_mapping, read_rows
from services.credit.adapters.policy_files import load_policies
from services.credit.application.evaluate import Evaluation, evaluate
from services.credit.config import MAPPING_FOLDER, POLICY_FOLDER
from services.credit.domain.evaluation import Interval

__all__ = ["Evaluation", "Interval", "evaluate_files"]


def evaluate_files(facts: Path, outcomes: Path, as_of: date, mapping: Path | None, clock: Clock) -> Evaluation:
    """Evaluate the policy that is in force today on two CSV files; see evaluate."""
    policy = load_policies(POLICY_FOLDER).on(china_day(clock.now()))
    facts_file, outcomes_file = read_rows(facts, "--facts"), read_rows(outcomes, "--outcomes")
    chosen = find_mapping(mapping, MAPPING_FOLDER, facts_file, outcomes_file)
    return evaluate(facts_file, outcomes_file, as_of, chosen, policy)
