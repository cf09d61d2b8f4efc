"""RegistryService: each method reads its request, calls one use case in the thread pool, and writes the answer."""

import asyncio
from typing import Any

import grpc
from merchantcredit.registry.v1 import registry_service_pb2 as pb
from merchantcredit.registry.v1 import registry_service_pb2_grpc as rpc

from services.common.auth.actor import Role
from services.common.grpc.interceptor import EVERYBODY, current_actor
from services.common.paging import make_token, page_size, read_token
from services.registry.api.convert import to_draft, to_message
from services.registry.application.merge_enterprises import MergeEnterprises, Merger
from services.registry.application.read_enterprises import ReadEnterprises
from services.registry.application.register_enterprises import Outcome, RegisterEnterprises
from services.registry.application.split_enterprises import Split, SplitEnterprises

WRITERS = frozenset({Role.REGULATOR, Role.OFFICE})
ACCESS = {
    "RegisterEnterprise": WRITERS,
    "BatchRegisterEnterprises": WRITERS,
    "MergeEnterprise": WRITERS,
    "UnmergeEnterprise": WRITERS,
    "SplitEnterprise": WRITERS,
    "UndoSplitEnterprise": WRITERS,
    "GetEnterprise": EVERYBODY,
    "ListEnterprises": EVERYBODY,
}
Context = grpc.aio.ServicerContext[Any, Any]


class RegistryServicer(rpc.RegistryServiceServicer):
    """Serves the registry."""

    def __init__(
        self, register: RegisterEnterprises, merge: MergeEnterprises, split: SplitEnterprises, read: ReadEnterprises
    ) -> None:
        self._register = register
        self._merge = merge
        self._split = split
        self._read = read

    async def RegisterEnterprise(
        self, request: pb.RegisterEnterpriseRequest, context: Context
    ) -> pb.RegisterEnterpriseResponse:
        """Register or correct one enterprise."""
        registered = await asyncio.to_thread(
            self._register.register,
            current_actor(),
            request.request_id,
            to_draft(request.registration),
            etag=request.etag,
            validate_only=request.validate_only,
        )
        return pb.RegisterEnterpriseResponse(enterprise=to_message(registered))

    async def BatchRegisterEnterprises(
        self, request: pb.BatchRegisterEnterprisesRequest, context: Context
    ) -> pb.BatchRegisterEnterprisesResponse:
        """Register or correct many."""
        drafts = [to_draft(message) for message in request.registrations]
        outcomes = await asyncio.to_thread(self._register.register_batch, current_actor(), request.request_id, drafts)
        refused = sum(outcome.error is not None for outcome in outcomes)
        changed = sum(outcome.is_changed for outcome in outcomes)
        return pb.BatchRegisterEnterprisesResponse(
            results=[_result(outcome) for outcome in outcomes],
            changed_count=changed,
            unchanged_count=len(outcomes) - changed - refused,
            refused_count=refused,
        )

    async def MergeEnterprise(self, request: pb.MergeEnterpriseRequest, context: Context) -> pb.MergeEnterpriseResponse:
        """Link an enterprise to the one that it was merged into."""
        merger = Merger(request.credit_code, request.into_credit_code, request.merged_on)
        merged = await asyncio.to_thread(self._merge.merge, current_actor(), request.request_id, merger)
        return pb.MergeEnterpriseResponse(enterprise=to_message(merged))

    async def UnmergeEnterprise(
        self, request: pb.UnmergeEnterpriseRequest, context: Context
    ) -> pb.UnmergeEnterpriseResponse:
        """Take the link away."""
        stands = await asyncio.to_thread(self._merge.unmerge, current_actor(), request.request_id, request.credit_code)
        return pb.UnmergeEnterpriseResponse(enterprise=to_message(stands))

    async def SplitEnterprise(self, request: pb.SplitEnterpriseRequest, context: Context) -> pb.SplitEnterpriseResponse:
        """Link an enterprise to the one that it was split from."""
        split = Split(request.credit_code, request.from_credit_code, request.split_on)
        stands = await asyncio.to_thread(self._split.split, current_actor(), request.request_id, split)
        return pb.SplitEnterpriseResponse(enterprise=to_message(stands))

    async def UndoSplitEnterprise(
        self, request: pb.UndoSplitEnterpriseRequest, context: Context
    ) -> pb.UndoSplitEnterpriseResponse:
        """Take the link away."""
        stands = await asyncio.to_thread(self._split.undo, current_actor(), request.request_id, request.credit_code)
        return pb.UndoSplitEnterpriseResponse(enterprise=to_message(stands))

    async def GetEnterprise(self, request: pb.GetEnterpriseRequest, context: Context) -> pb.GetEnterpriseResponse:
        """Read one enterprise."""
        found = await asyncio.to_thread(self._read.get, request.credit_code)
        return pb.GetEnterpriseResponse(enterprise=to_message(found))

    async def ListEnterprises(self, request: pb.ListEnterprisesRequest, context: Context) -> pb.ListEnterprisesResponse:
        """Page through enterprises."""
        limit = page_size(request.page_size, default=50, most=1000)
        query = f"enterprises:{request.region_prefix}".encode()
        after = read_token(query, request.page_token)
        page = await asyncio.to_thread(
            self._read.page, region_prefix=request.region_prefix, after=after, limit=limit + 1
        )
        last = page[limit - 1].enterprise.credit_code if len(page) > limit else ""
        return pb.ListEnterprisesResponse(
            enterprises=[to_message(found) for found in page[:limit]], next_page_token=make_token(query, last)
        )


def _result(outcome: Outcome) -> pb.BatchResult:
    if outcome.error is not None:
        return pb.BatchResult(
            credit_code=outcome.code[:64], error_field=outcome.error.field, error_description=outcome.error.description
        )
    revision = outcome.registered.revision if outcome.registered else 0
    return pb.BatchResult(credit_code=outcome.code, revision=revision)
