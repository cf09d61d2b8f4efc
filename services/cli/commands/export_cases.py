"""merchant-credit export cases: the cases of an office to a file that `load cases` reads."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer
from grpc.aio import AioRpcError
from merchantcredit.credit.v1.complaint_service_pb2 import ComplaintCase, GetComplaintRequest, ListComplaintsRequest
from merchantcredit.credit.v1.complaint_service_pb2_grpc import ComplaintServiceStub

from services.cli import calls, endpoints, options
from services.cli.loading import written
from services.cli.loading.case_rows import HEADER, rows_of

PAGE = 500
AT_ONCE = 16
Out = Annotated[Path, typer.Option("--out", help="The file, .csv or .jsonl; it must not exist.")]
Office = Annotated[str, typer.Option(help="The handling office whose cases to export; default: all that may be read.")]


def cases(
    out: Out,
    *,
    office: Office = "",
    target: Annotated[str, typer.Option(help="HOST:PORT of credit; default: from --state-dir.")] = "",
    token: Annotated[str, typer.Option(help="Token of an office; default: from --state-dir.")] = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
) -> None:
    """Write the cases that an office handles, a row for each step; a load of the file gives the same cases."""
    written.check_out(out)
    address, given = endpoints.choose(target, state_dir, "credit"), endpoints.token(token, state_dir, "office")
    typer.echo(asyncio.run(_export(out, office, address, given)))


async def _export(out: Path, office: str, target: str, token: str) -> str:
    """Write the file; return the control totals."""
    cases, lines = 0, 0
    with written.whole(out, HEADER) as put:
        async for case in _cases(office, target, token):
            cases += 1
            for row in rows_of(case):
                put(row)
                lines += 1
    return f"{cases:,} cases in {lines:,} rows in {out}"


async def _cases(office: str, target: str, token: str) -> AsyncIterator[ComplaintCase]:
    """Yield the cases page by page, each as it stands when it is read; raises what calls.typed returns."""
    async with calls.channel(target) as channel:
        reader = _Reader(ComplaintServiceStub(channel), token)
        query = ListComplaintsRequest(handling_office=office, page_size=PAGE)
        try:
            async for ids in reader.pages(query):
                for start in range(0, len(ids), AT_ONCE):
                    for case in await asyncio.gather(*map(reader.case, ids[start : start + AT_ONCE])):
                        yield case
        except AioRpcError as error:
            raise calls.typed(error, target) from error


class _Reader:
    """Reads cases in the name of a caller."""

    def __init__(self, stub: Any, token: str) -> None:
        self._stub = stub
        self._metadata = calls.credentials(token)

    async def pages(self, query: ListComplaintsRequest) -> AsyncIterator[list[str]]:
        """Yield the ids of cases, a page at a time."""
        while True:
            page = await self._stub.ListComplaints(query, metadata=self._metadata, timeout=calls.CALL_SECONDS)
            yield [line.complaint_id for line in page.complaints]
            if not page.next_page_token:
                return
            query.page_token = page.next_page_token

    async def case(self, complaint_id: str) -> ComplaintCase:
        """Return a case."""
        request = GetComplaintRequest(complaint_id=complaint_id)
        answer = await self._stub.GetComplaint(request, metadata=self._metadata, timeout=calls.CALL_SECONDS)
        case: ComplaintCase = answer.complaint
        return case
