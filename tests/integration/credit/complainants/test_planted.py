"""The planted identity: told by RPC, by topic and by file, it is found in no table, topic, index, log or copy of either."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import orjson
import psycopg
import pytest
import structlog
from merchantcredit.credit.v1 import complainant_service_pb2 as pb
from merchantcredit.credit.v1 import credit_service_pb2 as credit_pb
from merchantcredit.credit.v1.complainant_service_pb2_grpc import ComplainantServiceStub
from merchantcredit.credit.v1.credit_service_pb2_grpc import CreditServiceStub
from merchantcredit.events.v1.complainant_pb2 import ComplainantDetails
from merchantcredit.search.v1.search_service_pb2 import SearchRecordsRequest
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceStub
from psycopg import sql

from services.cli.app import main
from services.common.auth import seals
from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.topics import COMPLAINT
from services.common.lifecycle import run_loops
from services.credit.adapters.case_vault import CaseVault
from services.credit.bootstrap import serving, serving_complainants
from services.credit.config import CreditConfig
from services.search.bootstrap import projecting
from services.search.bootstrap import serving as search_serving
from tests.integration.credit.world import CODE, KEY, NOW, World, complaint, enterprise, told, world
from tests.integration.grpc_fixtures import Served, serve

PLANTED = {
    "name": "欧阳植入", "phone": "13912345678", "identity_number": "520102199001011234",
    "address": "贵阳市云岩区植入路88号3单元501室",
}  # fmt: skip
TEXT = "<script>alert('植入')</script> 我叫欧阳植入，电话13912345678，商家不退款"
#: What must be found nowhere, also as JSON escapes it.
SECRETS = [*PLANTED.values(), "植入", "alert("]
DETAILS = {**PLANTED, "text": TEXT, "may_publish_text": True}
OFFICE = f"{Role.OFFICE} office"


def sealed(**details: Any) -> str:
    return seals.seal(seals.private_key(KEY), orjson.dumps(details or DETAILS))


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    with world(dsn) as made:
        made.tell(told(enterprise(), "e1"))
        yield made


@pytest.fixture
async def served(credit: World, tmp_path: Path) -> AsyncIterator[Served]:
    config, clock = CreditConfig(dsn=credit.dsn, complainant_key=KEY), FixedClock(NOW)
    async with serve(
        tmp_path,
        lambda: [serving(config, clock), serving_complainants(config, clock), search_serving(tmp_path / "index")],
    ) as running:
        yield running


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def found_in(dsn: str, secrets: list[str], *, but: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return the tables of a database in whose copied rows a secret stands, also in its bytes and JSON escapes."""
    found = []
    with psycopg.connect(dsn) as conn:
        tables = conn.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert ("credit", "vault") in tables
        for schema, table in tables:
            name = f"{schema}.{table}"
            if name not in but:
                copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))
                with conn.cursor().copy(copy) as rows:
                    data = b"".join(bytes(block) for block in rows)
                found += [(name, secret) for secret in secrets if any(form in data for form in forms(secret))]
    return found


def forms(secret: str) -> set[bytes]:
    """Return how a text can stand in a copy: itself, hex as bytea shows it, JSON's escapes."""
    plain = secret.encode()
    return {plain, plain.hex().encode(), secret.encode("unicode_escape")}


async def plant_by_rpc(served: Served) -> None:
    report = complaint("rpc", complainant_pseudonym="p-1", sealed_details=sealed())
    request = credit_pb.SubmitComplaintRequest(request_id="r1", complaint=report)
    stub: Any = CreditServiceStub(served.channel)
    await stub.SubmitComplaint(request, metadata=served.token(Role.PLATFORM))
    for field in ("complainant_pseudonym", "sealed_details", "case_id", "handling_office", "target"):
        bad = complaint("rpc2")
        setattr(bad, field, PLANTED["phone"])
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.SubmitComplaint(
                credit_pb.SubmitComplaintRequest(request_id=f"r-{field}", complaint=bad),
                metadata=served.token(Role.PLATFORM),
            )
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert not any(secret in (refused.value.details() or "") for secret in SECRETS), field


def plant_by_topic(credit: World) -> None:
    key = seals.private_key(KEY)
    nothing_we_know = seals.seal(key, orjson.dumps({"complainant": PLANTED["name"]}))
    credit.tell(
        told(complaint("topic", handling_office=OFFICE, sealed_details=sealed()), "t1"),
        told(complaint("topic2", sealed_details=nothing_we_know), "t2"),
    )


def plant_by_file(credit: World, folder: Path) -> None:
    clear = folder / "clear.csv"
    names = [
        "case_id",
        "credit_code",
        "kind",
        "status",
        "received_on",
        "投诉人姓名",
        "投诉人电话",
        "证件号码",
        "投诉人地址",
        "投诉内容",
    ]
    values = ["file", CODE, "DISPUTE", "ACCEPTED", "2026-06-01", *PLANTED.values(), TEXT]
    clear.write_text(",".join(names) + "\n" + ",".join(f'"{value}"' for value in values) + "\n")
    key, out = folder / "key.json", folder / "sealed.csv"
    key.write_bytes(orjson.dumps(seals.public_jwk(seals.private_key(KEY))))
    for command in (
        ["seal", str(clear), "--out", str(out), "--key", str(key)],
        ["load", "complaints", str(out), "--dsn", credit.dsn, "--state-dir", str(folder), "--source", "//12315.file"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 0
    assert not any(secret in out.read_text() for secret in SECRETS)
    refuse_in_the_clear(credit, folder, names, values)


def refuse_in_the_clear(credit: World, folder: Path, names: list[str], values: list[str]) -> None:
    """Load, unsealed and wrong, what must then stand in no reject: the line leads to it."""
    case = dict(zip(names, values, strict=True)) | {"day": "2026-06-02"}
    told_as = [
        {"case_id": PLANTED["phone"]}, {"handling_office": PLANTED["phone"]}, {"status": "DONE"},
        {"answer": "PARTIAL", "public_statement": TEXT}, {"complainant_pseudonym": PLANTED["identity_number"]},
    ]  # fmt: skip
    wrong = folder / "wrong.jsonl"
    wrong.write_bytes(b"".join(orjson.dumps({**case, **fields}) + b"\n" for fields in told_as) + TEXT.encode() + b"\n")
    command = ["load", "cases", str(wrong), "--dsn", credit.dsn, "--state-dir", str(folder), "--source", "//12315.file"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    rejects = (folder / "loads" / "wrong.jsonl.rejects.jsonl").read_bytes()
    assert [orjson.loads(line)["line"] for line in rejects.splitlines()] == [1, 2, 3, 4, 5, 6]
    assert not any(form in rejects for secret in SECRETS for form in forms(secret))


async def test_a_planted_identity_is_nowhere(credit: World, served: Served, tmp_path: Path) -> None:
    with logged() as lines:
        await plant_by_rpc(served)
        plant_by_topic(credit)
        await asyncio.to_thread(plant_by_file, credit, tmp_path)
        credit.drain()
        assert await found_by_search(credit, served, tmp_path / "index") == []
    cases = credit.rows("SELECT DISTINCT fact_id FROM credit.vault")
    assert len(cases) == 3
    assert found_in(credit.dsn, SECRETS) == []  # in the vault it stands encrypted
    assert not any(secret in str(lines) for secret in SECRETS)
    files = [path for path in (tmp_path / "index").rglob("*") if path.is_file()]
    assert files
    assert not any(form in path.read_bytes() for path in files for secret in SECRETS for form in forms(secret))
    with psycopg.connect(credit.dsn) as conn:
        opened = CaseVault(KEY).read(conn, [case for (case,) in cases])
    assert {ComplainantDetails.FromString(one.details).phone for one in opened} == {PLANTED["phone"]}


async def found_by_search(credit: World, served: Served, folder: Path) -> list[str]:
    """Let search project all records, and return which secrets it finds."""
    stop = threading.Event()
    loops = projecting(credit.dsn, folder, FixedClock(NOW))
    thread = threading.Thread(target=run_loops, args=(loops, stop))
    thread.start()
    try:
        while not await hits(served, "云上艾珀"):
            assert thread.is_alive()
        return [secret for secret in SECRETS if await hits(served, secret)]
    finally:
        stop.set()
        thread.join()


async def hits(served: Served, query: str) -> int:
    stub: Any = SearchServiceStub(served.channel)
    try:
        return int((await stub.SearchRecords(SearchRecordsRequest(query=query))).total_count)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:  # the writer has not made the index yet
            raise
        return 0


def test_what_stood_in_the_clear_is_kept_in_no_dead_letter(credit: World) -> None:
    credit.tell(told(complaint("c", complainant_pseudonym=PLANTED["name"]), "bad"))
    (letter,) = credit.dead_letters()
    assert letter.headers["dlq_reason"] == "PERSONAL_DATA"
    assert (letter.value, bool(letter.headers["dlq_withheld"])) == (b"", True)


@pytest.mark.parametrize(
    ("seal", "fix"),
    [
        (seals.seal(seals.private_key(b"somebody else's"), b"{}"), "another key"),
        ("a.b.c.d.e", "does not open"),
        (sealed()[:-4] + "AAAA", "does not open"),
        (seals.seal(seals.private_key(KEY), b"not json"), "no JSON of ComplainantDetails"),
        (sealed(text="x" * 10_001), "text is longer than 10000"),
        (sealed(text="x" * 50_000), "at most 65536 characters"),
    ],
)
def test_a_bad_seal_is_a_typed_dead_letter_and_nothing_is_lost(credit: World, seal: str, fix: str) -> None:
    report = complaint("c", sealed_details=seal)
    credit.tell(told(report, "bad"), told(complaint("good", sealed_details=sealed()), "good"))
    (letter,) = credit.dead_letters()
    assert (letter.headers["dlq_reason"], letter.value) == ("INVALID_FIELD", report.SerializeToString())
    assert letter.headers["dlq_description"].startswith("sealed_details: ")
    assert fix in letter.headers["dlq_description"]
    assert credit.verdicts() == {"e1": 1, "bad": 5, "good": 1}


class Desk:
    def __init__(self, served: Served, role: Role, case: str) -> None:
        self._stub: Any = ComplainantServiceStub(served.channel)
        self._token = served.token(role)
        self._case = case

    async def read(self, purpose: str = "调解需要联系投诉人") -> list[ComplainantDetails]:
        request = pb.ReadComplainantRequest(complaint_id=self._case, purpose=purpose)
        return [one.details for one in (await self._stub.ReadComplainant(request, metadata=self._token)).told]

    async def erase(self, request_id: str = "x1", case: str = "") -> Any:
        request = pb.EraseComplainantRequest(
            request_id=request_id, complaint_id=case or self._case, reason="投诉人要求删除"
        )
        return (await self._stub.EraseComplainant(request, metadata=self._token)).erased_time

    async def audits(self) -> list[tuple[str, str]]:
        request = pb.ListComplainantAuditsRequest(complaint_id=self._case)
        page = await self._stub.ListComplainantAudits(request, metadata=self._token)
        return [(audit.action, audit.purpose) for audit in page.audits]


async def refused(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    return refusal.value.code()


async def test_the_handling_office_reads_with_a_purpose_and_every_read_is_kept(credit: World, served: Served) -> None:
    credit.tell(told(complaint("mine", handling_office=OFFICE, sealed_details=sealed()), "t1"))
    credit.tell(told(complaint("theirs", handling_office="another", sealed_details=sealed()), "t2"))
    office, regulator = (Desk(served, role, "complaint://12315.test:mine") for role in (Role.OFFICE, Role.REGULATOR))
    (details,) = await office.read()
    assert (details.name, details.text) == (PLANTED["name"], TEXT)
    assert await refused(office.read("")) is grpc.StatusCode.INVALID_ARGUMENT
    assert await refused(office.read(f"给{PLANTED['phone']}回电")) is grpc.StatusCode.INVALID_ARGUMENT
    theirs = Desk(served, Role.OFFICE, "complaint://12315.test:theirs")
    assert await refused(theirs.read()) is grpc.StatusCode.PERMISSION_DENIED
    assert await regulator.audits() == [("READ", "调解需要联系投诉人")]


async def test_erasing_destroys_the_key_and_nothing_brings_it_back(credit: World, served: Served) -> None:
    first = told(complaint("c", handling_office=OFFICE, sealed_details=sealed()), "t1")
    credit.tell(first)
    ledger = credit.rows("SELECT body FROM credit.assertion ORDER BY event_id")
    case = "complaint://12315.test:c"
    office, regulator = Desk(served, Role.OFFICE, case), Desk(served, Role.REGULATOR, case)
    erased = await office.erase()
    assert erased == await office.erase() == await office.erase("x2")
    assert await refused(office.erase("x1", "complaint://12315.test:other")) is grpc.StatusCode.NOT_FOUND
    assert credit.rows("SELECT wrapped FROM credit.case_key") == [(None,)]
    assert credit.rows("SELECT body FROM credit.assertion ORDER BY event_id") == ledger
    later = told(complaint("c", handling_office=OFFICE, sealed_details=sealed(), status=6), "t2")
    credit.tell(first, later)
    assert credit.rows("SELECT event_id FROM credit.vault") == [("t1",)]
    assert await refused(office.read()) is grpc.StatusCode.FAILED_PRECONDITION
    assert [action for action, _ in await regulator.audits()] == ["READ", "ERASE", "ERASE"]
    with psycopg.connect(credit.dsn) as conn:
        assert CaseVault(KEY).read(conn, [case]) == []
    assert found_in(credit.dsn, SECRETS) == []


async def test_whoever_asks_gets_the_key_to_seal_to(served: Served) -> None:
    stub: Any = ComplainantServiceStub(served.channel)
    answer = await stub.GetSealingKey(pb.GetSealingKeyRequest())
    key = seals.import_public(orjson.loads(answer.jwk_json))
    assert (key.kid, "d" in orjson.loads(answer.jwk_json)) == (answer.key_id, False)
    assert seals.unseal(seals.private_key(KEY), seals.seal(key, b"words")) == b"words"


def test_a_topic_of_intake_holds_the_seal_only(credit: World) -> None:
    credit.tell(told(complaint("c", sealed_details=sealed()), "t1"))
    log = FeedsEventLog(credit.dsn)
    log.close()
    payloads = credit.rows("SELECT payload FROM eventlog.message WHERE topic = %s", COMPLAINT)
    assert payloads
    assert not any(form in bytes(payload) for (payload,) in payloads for s in SECRETS for form in forms(s))
