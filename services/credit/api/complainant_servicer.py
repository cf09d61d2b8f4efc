"""ComplainantService: the public key of seals, the audited read, the erasure, and the list of both."""

import asyncio
from typing import Any

import grpc
import orjson
from joserfc.jwk import OKPKey
from merchantcredit.credit.v1 import complainant_service_pb2 as pb
from merchantcredit.credit.v1 import complainant_service_pb2_grpc as rpc
from merchantcredit.events.v1.complainant_pb2 import ComplainantDetails

from services.common.auth.actor import Role
from services.common.auth.seals import public_jwk
from services.common.db.pool import Pool
from services.common.grpc.interceptor import EVERYBODY, current_actor
from services.common.paging import make_token, page_size, read_token
from services.credit.adapters.complainant_store import audits
from services.credit.application.complainants import Audit, Complainants

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})
ACCESS = {
    "GetSealingKey": EVERYBODY,
    "ReadComplainant": OFFICES,
    "EraseComplainant": OFFICES,
    "ListComplainantAudits": frozenset({Role.REGULATOR}),
}
_NEWEST = 2**63 - 1
Context = grpc.aio.ServicerContext[Any, Any]


class ComplainantServicer(rpc.ComplainantServiceServicer):
    """Serves the vault to those who may come to it."""

    def __init__(self, complainants: Complainants, key: OKPKey, pool: Pool) -> None:
        self._complainants = complainants
        self._jwk = public_jwk(key)
        self._pool = pool

    async def GetSealingKey(self, request: pb.GetSealingKeyRequest, context: Context) -> pb.GetSealingKeyResponse:
        """Tell the public key."""
        return pb.GetSealingKeyResponse(jwk_json=orjson.dumps(self._jwk).decode(), key_id=self._jwk["kid"])

    async def ReadComplainant(self, request: pb.ReadComplainantRequest, context: Context) -> pb.ReadComplainantResponse:
        """Read a complainant."""
        told = await asyncio.to_thread(self._complainants.read, current_actor(), request.complaint_id, request.purpose)
        return pb.ReadComplainantResponse(
            told=[
                pb.ComplainantTold(
                    source=one.source, event_id=one.event_id, details=ComplainantDetails.FromString(one.details)
                )
                for one in told
            ]
        )

    async def EraseComplainant(
        self, request: pb.EraseComplainantRequest, context: Context
    ) -> pb.EraseComplainantResponse:
        """Erase a complainant."""
        erased_at = await asyncio.to_thread(
            self._complainants.erase, current_actor(), request.request_id, request.complaint_id, request.reason
        )
        response = pb.EraseComplainantResponse()
        response.erased_time.FromDatetime(erased_at)
        return response

    async def ListComplainantAudits(
        self, request: pb.ListComplainantAuditsRequest, context: Context
    ) -> pb.ListComplainantAuditsResponse:
        """Page through reads and erasures."""
        limit = page_size(request.page_size, default=50, most=500)
        query = f"audits:{request.complaint_id}".encode()
        before = int(read_token(query, request.page_token) or _NEWEST)
        rows = await asyncio.to_thread(audits, self._pool, request.complaint_id, before, limit + 1)
        last = str(rows[limit - 1][0]) if len(rows) > limit else ""
        return pb.ListComplainantAuditsResponse(
            audits=[_audit(audit) for _, audit in rows[:limit]], next_page_token=make_token(query, last)
        )


def _audit(audit: Audit) -> pb.ComplainantAudit:
    told = pb.ComplainantAudit(
        complaint_id=audit.complaint_id, action=audit.action, subject=audit.subject, office=audit.office,
        purpose=audit.purpose,
    )  # fmt: skip
    told.at.FromDatetime(audit.at)
    return told
