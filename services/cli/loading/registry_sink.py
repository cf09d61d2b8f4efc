"""Sends registrations to the registry in batches; each row has its own answer."""

from collections.abc import Sequence
from uuid import uuid4

from grpc import aio
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.registry.v1.registry_service_pb2 import BatchRegisterEnterprisesRequest, BatchResult
from merchantcredit.registry.v1.registry_service_pb2_grpc import RegistryServiceStub

from services.cli import calls
from services.cli.loading.ledger import Reject, Settled
from services.cli.loading.pipeline import Item
from services.common.errors import PlatformError

#: The most rows that the registry takes at once.
BATCH_LIMIT = 1000


class RegistrySink:
    """Registers items at one server as one caller."""

    def __init__(self, channel: aio.Channel, target: str, token: str) -> None:
        self._stub = RegistryServiceStub(channel)
        self._target = target
        self._metadata = calls.credentials(token)
        # One id a run and batch: a retry is the same request, a later load of the same file is a new one.
        self._run = uuid4().hex

    async def send(self, items: Sequence[Item[EnterpriseSnapshot]]) -> Settled:
        """Register a batch; raises a typed error when the whole batch is refused or the server does not answer."""
        registrations = [item.payload for item in items]
        request_id = f"{self._run}-{items[0].row.line}"
        request = BatchRegisterEnterprisesRequest(request_id=request_id, registrations=registrations)
        try:
            response = await self._stub.BatchRegisterEnterprises(
                request, metadata=self._metadata, timeout=calls.CALL_SECONDS
            )
        except aio.AioRpcError as error:
            raise calls.typed(error, self._target) from error
        if len(response.results) != len(items):
            raise PlatformError(f"{len(items)} rows were sent, {len(response.results)} answered: report this defect")
        answered = zip(items, response.results, strict=True)
        rejects = [_reject(item, result) for item, result in answered if result.error_description]
        return Settled(response.changed_count, response.unchanged_count, rejects)


def _reject(item: Item[EnterpriseSnapshot], result: BatchResult) -> Reject:
    return Reject(item.row.line, result.error_field, result.error_description, item.row.original)
