"""merchant-credit verify-scores: recompute every published score from the ledger; write anew what differs, when asked to."""

from typing import Annotated

import typer

from services.cli import endpoints, options
from services.common.clock import SystemClock
from services.credit.offline import Difference, VerifyScores, mend_scores

Mend = Annotated[bool, typer.Option("--mend", help="write what differs anew from the ledger, then verify again")]


def verify_scores(
    dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR, *, mend: Mend = False
) -> None:
    """Recompute every published score from the ledger and name each difference; exit 1 when there is one.

    With --mend, what differs is written anew from the ledger of accounts, which itself is never touched, and published as a new
    revision; then all is verified again. For what an older release derived otherwise. Workers may run meanwhile.
    """
    where = endpoints.choose(dsn, state_dir, "dsn")
    found = _verify(where)
    if found and mend:
        print(f"{mend_scores(where, found, SystemClock()):,} enterprises written anew")
        found = _verify(where)
    if found:
        raise typer.Exit(1)


def _verify(dsn: str) -> list[Difference]:
    """Print each difference and their sum, and return them."""
    verification = VerifyScores(dsn)
    differences = []
    for found in verification.differences():
        print(f"{found.code or '-'}  {found.what}: kept {found.kept}, recomputed {found.recomputed}")
        differences.append(found)
    seen = verification.counts
    print(
        f"{seen.get('scores', 0):,} scores of {seen.get('subjects', 0):,} subjects recomputed from "
        f"{seen.get('accounts', 0):,} accounts: {len(differences):,} differences"
    )
    return differences
