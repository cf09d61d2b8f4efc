"""merchant-credit verify-scores: recompute every published score from the ledger."""

import typer

from services.cli import endpoints, options
from services.credit.offline import VerifyScores


def verify_scores(dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """Recompute every published score from the ledger and name each difference; exit 1 when there is one."""
    verification = VerifyScores(endpoints.choose(dsn, state_dir, "dsn"))
    count = 0
    for found in verification.differences():
        print(f"{found.code or '-'}  {found.what}: kept {found.kept}, recomputed {found.recomputed}")
        count += 1
    seen = verification.counts
    print(
        f"{seen.get('scores', 0):,} scores of {seen.get('subjects', 0):,} subjects recomputed from "
        f"{seen.get('accounts', 0):,} accounts: {count:,} differences"
    )
    if count:
        raise typer.Exit(1)
