"""PolicyService: a policy's life by two persons, its back-tests, and its fuse."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from merchantcredit.credit.v1 import policy_service_pb2 as pb
from merchantcredit.credit.v1 import policy_service_pb2_grpc as rpc
from psycopg import Connection
from psycopg.errors import SerializationFailure

from services.common.auth.actor import Role
from services.common.clock import Clock
from services.common.db.pool import Pool
from services.common.errors import FieldViolation, InvalidInput, VersionConflict
from services.common.grpc.interceptor import EVERYBODY, current_actor
from services.common.paging import make_token, page_size, read_token
from services.credit.adapters.policy_runs import PostgresRuns
from services.credit.adapters.policy_store import PostgresPolicies, refresh
from services.credit.api import policy_convert as convert
from services.credit.application.lift_fuse import LiftFuse
from services.credit.application.manage_policies import ManagePolicies, not_found
from services.credit.application.policies import Policies
from services.credit.application.policy_runs import Difference, Run
from services.credit.application.submit import MAX_REQUEST_ID
from services.credit.domain.policy_life import KeptPolicy

REGULATOR = frozenset({Role.REGULATOR})
KNOWN = EVERYBODY - {Role.PUBLIC}
ACCESS = {
    **dict.fromkeys(("DraftPolicy", "ShadowPolicy", "ApprovePolicy", "ActivatePolicy"), REGULATOR),
    **dict.fromkeys(("GetBacktest", "GetFuse", "LiftFuse"), REGULATOR),
    "GetPolicy": KNOWN,
    "ListPolicies": KNOWN,
}
MOST_DIFFERENCES = 1000
Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")


class _Work:
    """One transaction's parts."""

    def __init__(self, conn: Connection[Any], policies: Policies, clock: Clock) -> None:
        self.store = PostgresPolicies(conn)
        self.runs = PostgresRuns(conn, policies)
        self.manage = ManagePolicies(self.store, policies.shipped, clock, self.runs)
        self.lift = LiftFuse(self.store, clock)

    def kept(self, version: str) -> KeptPolicy:
        found = self.store.find(version)
        if found is None:
            raise not_found("Policy", version)
        return found

    def run(self, version: str, run_id: int | None) -> tuple[Run, list[Difference]]:
        """Return a run and, of one at activation, its differences."""
        if run_id is None:
            raise not_found("Backtest", version)
        return self.runs.find(run_id), self.runs.kept_differences(run_id, MOST_DIFFERENCES)


class PolicyServicer(rpc.PolicyServiceServicer):
    """Serves policies."""

    def __init__(self, pool: Pool, policies: Policies, clock: Clock) -> None:
        self._pool = pool
        self._policies = policies
        self._clock = clock

    async def DraftPolicy(self, request: pb.DraftPolicyRequest, context: Context) -> pb.DraftPolicyResponse:
        """Keep or check a draft."""
        _check_request(request.request_id)
        actor = current_actor()
        kept = await self._do(lambda work: work.manage.draft(actor, request.text, validate_only=request.validate_only))
        return pb.DraftPolicyResponse(policy=convert.policy(kept))

    async def ShadowPolicy(self, request: pb.ShadowPolicyRequest, context: Context) -> pb.ShadowPolicyResponse:
        """Score everybody by a draft, published to nobody."""
        _check_request(request.request_id)
        actor = current_actor()
        kept, scored = await self._do(lambda work: work.manage.shadow(actor, request.version))
        return pb.ShadowPolicyResponse(policy=convert.policy(kept), scored_count=scored)

    async def ApprovePolicy(self, request: pb.ApprovePolicyRequest, context: Context) -> pb.ApprovePolicyResponse:
        """Approve a shadow on a back-test."""
        _check_request(request.request_id)
        actor = current_actor()

        def approve(work: _Work) -> pb.ApprovePolicyResponse:
            kept = work.manage.approve(actor, request.version)
            report = convert.backtest(*work.run(kept.version, kept.approved_run))
            return pb.ApprovePolicyResponse(policy=convert.policy(kept), backtest=report)

        return await self._do(approve)

    async def ActivatePolicy(self, request: pb.ActivatePolicyRequest, context: Context) -> pb.ActivatePolicyResponse:
        """Bring an approved policy into force."""
        _check_request(request.request_id)
        actor = current_actor()

        def activate(work: _Work) -> pb.ActivatePolicyResponse:
            kept = work.manage.activate(actor, request.version)
            report = convert.backtest(*work.run(kept.version, kept.activated_run))
            return pb.ActivatePolicyResponse(policy=convert.policy(kept), backtest=report)

        return await self._do(activate)

    async def GetPolicy(self, request: pb.GetPolicyRequest, context: Context) -> pb.GetPolicyResponse:
        """Read a policy."""

        def read(work: _Work) -> pb.GetPolicyResponse:
            shipped = next((one for one in self._policies.shipped if one.version == request.version), None)
            if shipped is not None:
                return pb.GetPolicyResponse(policy=convert.shipped(shipped))
            kept = work.kept(request.version)
            return pb.GetPolicyResponse(policy=convert.policy(kept), text=kept.text)

        return await self._do(read)

    async def ListPolicies(self, request: pb.ListPoliciesRequest, context: Context) -> pb.ListPoliciesResponse:
        """List policies by their first days, newest first."""
        before = read_token(b"policies", request.page_token)
        limit = page_size(request.page_size, default=50, most=200)
        kept = await self._do(lambda work: work.store.all())
        every = [*map(convert.shipped, self._policies.shipped), *map(convert.policy, kept)]
        found = sorted(every, key=_place, reverse=True)
        page = [one for one in found if not before or _place(one) < before]
        last = _place(page[limit - 1]) if len(page) > limit else ""
        return pb.ListPoliciesResponse(policies=page[:limit], next_page_token=make_token(b"policies", last))

    async def GetBacktest(self, request: pb.GetBacktestRequest, context: Context) -> pb.GetBacktestResponse:
        """Read a kept back-test."""

        def read(work: _Work) -> pb.GetBacktestResponse:
            kept = work.kept(request.version)
            run_id = kept.activated_run if request.at_activation else kept.approved_run
            return pb.GetBacktestResponse(backtest=convert.backtest(*work.run(kept.version, run_id)))

        return await self._do(read)

    async def GetFuse(self, request: pb.GetFuseRequest, context: Context) -> pb.GetFuseResponse:
        """Read a fuse."""

        def read(work: _Work) -> pb.GetFuseResponse:
            fuse = work.store.fuse(request.version)
            if fuse is None:
                raise not_found("Fuse", request.version)
            return pb.GetFuseResponse(fuse=convert.fuse(fuse))

        return await self._do(read)

    async def LiftFuse(self, request: pb.LiftFuseRequest, context: Context) -> pb.LiftFuseResponse:
        """Lift a blown fuse."""
        _check_request(request.request_id)
        actor = current_actor()
        fuse = await self._do(lambda work: work.lift.execute(actor, request.version, request.reason))
        return pb.LiftFuseResponse(fuse=convert.fuse(fuse))

    async def _do(self, call: Callable[[_Work], T]) -> T:
        """Run a call on a thread, in one transaction that sees one moment of the ledger."""

        def run() -> T:
            try:
                with self._pool.connection() as conn:
                    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    refresh(conn, self._policies)
                    return call(_Work(conn, self._policies, self._clock))
            except SerializationFailure as error:
                raise VersionConflict("somebody else acted on this policy: read it again, then decide") from error

        return await asyncio.to_thread(run)


def _place(one: pb.Policy) -> str:
    return f"{one.effective_from} {one.version}"


def _check_request(request_id: str) -> None:
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        description = f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID"
        violation = FieldViolation(field="request_id", description=description)
        raise InvalidInput(f"request_id: {description}", violations=(violation,))
