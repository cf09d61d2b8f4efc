"""merchant-credit export violations: the penalties that are public now to a 双公示 file, which `load violations` reads."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from grpc.aio import AioRpcError
from merchantcredit.credit.v1.credit_service_pb2 import ListPublishedPenaltiesRequest, PublishedPenalty
from merchantcredit.credit.v1.credit_service_pb2_grpc import CreditServiceStub

from services.cli import calls, endpoints, options
from services.cli.loading import written
from services.cli.loading.penalty_rows import HEADERS, row_of


class Form(StrEnum):
    """The forms of 双公示 files of penalties."""

    OF_2015 = "2015"
    OF_2018 = "2018"


Out = Annotated[Path, typer.Option("--out", help="The file, .csv or .jsonl; it must not exist.")]


def violations(
    out: Out,
    *,
    form: Annotated[Form, typer.Option(help="The columns: those of 2015 or of 2018.")] = Form.OF_2018,
    target: Annotated[str, typer.Option(help="HOST:PORT of credit; default: from --state-dir.")] = "",
    token: Annotated[str, typer.Option(help="Token of an office; default: from --state-dir.")] = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
) -> None:
    """Write the penalties that the law publishes today in a 双公示 form; a load of the file changes nothing."""
    written.check_out(out)
    address, given = endpoints.choose(target, state_dir, "credit"), endpoints.token(token, state_dir, "office")
    typer.echo(asyncio.run(_export(out, int(form), address, given)))


async def _export(out: Path, form: int, target: str, token: str) -> str:
    """Write the file; return the control total."""
    count = 0
    with written.whole(out, HEADERS[form]) as put:
        async for penalty in _penalties(target, token):
            put(row_of(form, penalty))
            count += 1
    return f"{count:,} penalties in {out}"


async def _penalties(target: str, token: str) -> AsyncIterator[PublishedPenalty]:
    """Yield what is public page by page; raises what calls.typed returns."""
    query, metadata = ListPublishedPenaltiesRequest(), calls.credentials(token)
    async with calls.channel(target) as channel:
        stub: Any = CreditServiceStub(channel)
        try:
            while True:
                page = await stub.ListPublishedPenalties(query, metadata=metadata, timeout=calls.CALL_SECONDS)
                for penalty in page.penalties:
                    yield penalty
                if not page.next_page_token:
                    return
                query.page_token = page.next_page_token
        except AioRpcError as error:
            raise calls.typed(error, target) from error
