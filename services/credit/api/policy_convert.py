"""Policies, back-tests and fuses as their messages."""

from collections.abc import Sequence

from merchantcredit.credit.v1 import policy_service_pb2 as pb

from services.credit.application.backtest import Backtest, Mover
from services.credit.application.policies import Fuse
from services.credit.application.policy_runs import Difference, Run
from services.credit.domain.policy import Policy
from services.credit.domain.policy_life import KeptPolicy


def policy(kept: KeptPolicy) -> pb.Policy:
    """Return a policy that was handed in."""
    return pb.Policy(
        version=kept.version,
        digest=kept.digest,
        effective_from=kept.effective_from.isoformat(),
        stage=pb.PolicyStage.ValueType(kept.stage),
        drafted_by=kept.drafted_by,
        approved_by=kept.approved_by,
        activated_by=kept.activated_by,
    )


def shipped(one: Policy) -> pb.Policy:
    """Return a policy that came with the program."""
    return pb.Policy(
        version=one.version,
        digest=one.digest,
        effective_from=one.effective_from.isoformat(),
        stage=pb.POLICY_STAGE_ACTIVE,
    )


def backtest(run: Run, differences: Sequence[Difference]) -> pb.Backtest:
    """Return a kept back-test."""
    found = run.found
    made = pb.Backtest(
        active_version=found.active[0],
        active_digest=found.active[1],
        draft_version=found.draft[0],
        draft_digest=found.draft[1],
        day=found.day.isoformat(),
        position=found.position,
        moves=_moves(found),
        groups=_groups(found),
        movers=map(_mover, found.movers),
        differences=map(_difference, differences),
    )
    made.run_time.FromDatetime(run.at)
    return made


def fuse(one: Fuse) -> pb.Fuse:
    """Return a fuse."""
    made = pb.Fuse(
        version=one.version,
        day=one.day.isoformat(),
        rated_count=one.rated,
        downgraded_count=one.downgraded,
        limit_permille=one.limit_permille,
        is_blown=one.is_blown,
        lifted_by=one.lifted_by,
        reason=one.reason,
    )
    if one.lifted_at is not None:
        made.lifted_time.FromDatetime(one.lifted_at)
    return made


def _moves(found: Backtest) -> list[pb.GradeMove]:
    return [
        pb.GradeMove(from_grade=old.name, to_grade=new.name, count=count)
        for (old, new), count in sorted(found.matrix.items(), reverse=True)
    ]


def _groups(found: Backtest) -> list[pb.GroupMove]:
    return [
        pb.GroupMove(dimension=kind, name=name, up_count=found.up[kind, name], down_count=found.down[kind, name])
        for kind, name in sorted({*found.up, *found.down})
    ]


def _mover(mover: Mover) -> pb.Mover:
    return pb.Mover(
        credit_code=mover.code,
        from_grade=mover.from_grade.name,
        to_grade=mover.to_grade.name,
        change_millipoints=mover.change,
        by_rule=mover.by_rule,
    )


def _difference(one: Difference) -> pb.BacktestDifference:
    return pb.BacktestDifference(credit_code=one.code, before=one.before, after=one.after, fact_ids=one.fact_ids)
