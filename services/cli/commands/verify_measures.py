"""merchant-credit verify-measures: the proof that no measure is active without a valid cause and basis."""

import asyncio
from typing import Annotated

import grpc
import typer
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub

from services.cli import calls, endpoints, options

FAULTY = 1


def verify_measures(
    *,
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    target: Annotated[str, typer.Option(help="HOST:PORT of credit; default: from --state-dir.")] = "",
    token: Annotated[str, typer.Option(help="A regulator's token; default: from --state-dir.")] = "",
) -> None:
    """Compute every measure again from the events and compare; exit 1 and name the faults when there are some."""
    address = endpoints.choose(target, state_dir, "credit")
    found = asyncio.run(_verify(address, endpoints.token(token, state_dir, "regulator")))
    print(
        f"compared {found.order_count:,} orders of {found.listing_count:,} listings with {found.directive_count:,}"
        f" directives in the sequences of {found.department_count:,} departments: {found.fault_count:,} faults"
    )
    for fault in found.faults:
        print(f"  {fault}")
    if found.fault_count:
        raise typer.Exit(FAULTY)


async def _verify(target: str, token: str) -> pb.VerifyMeasuresResponse:
    async with calls.channel(target) as channel:
        try:
            answer: pb.VerifyMeasuresResponse = await PunishmentServiceStub(channel).VerifyMeasures(
                pb.VerifyMeasuresRequest(), metadata=calls.credentials(token)
            )
        except grpc.aio.AioRpcError as error:
            raise calls.typed(error, target) from error
    return answer
