"""merchant-credit seal: for those who produce complaint files, complainants in the clear to one sealed column."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer
from grpc.aio import AioRpcError
from merchantcredit.credit.v1.complainant_service_pb2 import GetSealingKeyRequest
from merchantcredit.credit.v1.complainant_service_pb2_grpc import ComplainantServiceStub

from services.cli import calls, endpoints, options
from services.cli.loading import rows, sealing, written
from services.cli.loading.columns import Columns
from services.common.auth.seals import FIELD, import_public
from services.common.errors import invalid

KeyFile = Annotated[Path | None, typer.Option("--key", help="File of credit's public key (JWK); default: asked of it.")]


def seal(
    file: options.File,
    out: Annotated[Path, typer.Option("--out", help="The sealed file; it must not exist.")],
    *,
    key: KeyFile = None,
    target: Annotated[str, typer.Option(help="HOST:PORT of credit; default: from --state-dir.")] = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    mapped: options.Map = [],  # noqa: B006 - typer reads the default and never changes it
) -> None:
    """Seal the columns of a complaint file that tell who complains and in which words; the rest stays as it is."""
    names = Columns(sealing.CLEAR, mapped)
    columns = rows.header(file)
    if columns is not None and not any(names.field(name) for name in columns):
        raise invalid("FILE", f"no column to seal among {', '.join(columns)[:200]}: add --map COLUMN=FIELD")
    if out.suffix.lower() != file.suffix.lower():
        raise invalid("--out", f"the sealed file is of the same kind: end it in {file.suffix}")
    told = key.read_bytes() if key else asyncio.run(_ask(endpoints.choose(target, state_dir, "credit")))
    public = import_public(_json(told))
    header = [name for name in columns or () if names.field(name) is None] + [FIELD]
    with out.open("x", encoding="utf-8", newline="") as sealed:
        count = written.write(sealed, file.suffix.lower(), header, sealing.seal_rows(file, names, public))
    typer.echo(f"{count} rows sealed to {public.kid} in {out}")


def _json(told: bytes) -> dict[str, str]:
    try:
        return dict(orjson.loads(told))
    except (orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise invalid("--key", "the file holds no JWK: keep what GetSealingKey answers as jwk_json") from error


async def _ask(target: str) -> bytes:
    async with calls.channel(target) as channel:
        try:
            answer = await ComplainantServiceStub(channel).GetSealingKey(GetSealingKeyRequest())
        except AioRpcError as error:
            raise calls.typed(error, target) from error
    return bytes(answer.jwk_json.encode())
