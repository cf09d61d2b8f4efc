"""What a load says at its end."""

from pathlib import Path

from services.cli.loading.ledger import Totals


def totals(loaded: Totals, *, rejects: Path, seconds: float) -> None:
    """Print control totals in one line, and where the rejects are when there are some."""
    rate = round(loaded.read / max(seconds, 0.001))
    print(
        f"read {loaded.read:,} = accepted {loaded.accepted:,} + unchanged {loaded.unchanged:,}"
        f" + rejected {loaded.rejected:,}   ({seconds:.1f} s, {rate:,}/s)"
    )
    if loaded.rejected:
        print(f"rejects: {rejects}")
