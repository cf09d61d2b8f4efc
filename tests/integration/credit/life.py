"""One merchant's life, told by the real parts: registry, topics, worker, cases, sweep, reads. Its words stand in docs/scoring.md."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from merchantcredit.credit.v1 import complaint_service_pb2 as cases
from merchantcredit.credit.v1 import credit_service_pb2 as credit_pb
from merchantcredit.credit.v1.complaint_service_pb2_grpc import ComplaintServiceStub
from merchantcredit.credit.v1.credit_service_pb2_grpc import CreditServiceStub
from merchantcredit.events.v1 import complaint_pb2, violation_pb2
from merchantcredit.registry.v1 import registry_service_pb2 as registry_pb
from merchantcredit.registry.v1.registry_service_pb2_grpc import RegistryServiceStub

from services.common.auth.actor import Role
from services.common.clock import CHINA
from services.common.eventlog.sequencer import Sequencer
from services.common.lifecycle import run_loops
from services.credit.domain.explain import points
from services.credit.offline import VerifyScores
from tests.integration.credit.world import CODE, World, complaint, enterprise, told, violation, volume
from tests.integration.grpc_fixtures import Served

CASE = "complaint://12315.test:520100-2026-0417"


class Life:
    """Lives one day after the other; `lines` is what happened, as Markdown."""

    def __init__(self, world: World, served: Served) -> None:
        self._world = world
        self._served = served
        self._credit: Any = CreditServiceStub(served.channel)
        self._cases: Any = ComplaintServiceStub(served.channel)
        self._registry: Any = RegistryServiceStub(served.channel)
        self._office = served.token(Role.OFFICE, "520000-market-regulator")
        self._merchant = served.token(Role.MERCHANT, CODE)
        self.lines: list[str] = []

    async def tell(self) -> str:
        """Live the whole life and return it."""
        await self._registered()
        await self._complained_about()
        before = await self._penalised()
        await self._way_back(before)
        return "\n".join(self.lines) + "\n"

    async def _registered(self) -> None:
        self._until(date(2026, 5, 6))
        self._say("### 2026-05-06: registered", "")
        self._say("`RegistryService/RegisterEnterprise`; the registry's topic brings it to credit.", "")
        request = registry_pb.RegisterEnterpriseRequest(
            request_id="register", registration=enterprise(region_code="520900")
        )
        await self._registry.RegisterEnterprise(request, metadata=self._office)
        self._world.drain()
        await self._record()
        self._until(date(2026, 5, 12))
        self._say("### 2026-05-12: its platform reports April's orders", "")
        self._say("On the topic `merchantcredit.intake.volume.v1`: 9,000 orders.", "")
        self._report(volume("2026-04", 9000), "orders-2026-04", source="//platform.p1")
        await self._record()

    async def _complained_about(self) -> None:
        self._until(date(2026, 5, 20))
        self._say("### 2026-05-20: complained about", "")
        received = complaint("520100-2026-0417", status=1, response=0, received_on="2026-05-20")
        self._report(received, "case-received", source="//12315.test")
        self._say(
            "A 12315 system reports a case on `merchantcredit.intake.complaint.v1`. Received is not accepted: it weighs nothing.",
            "",
        )
        await self._record()
        steps: tuple[tuple[date, str, str, dict[str, Any]], ...] = (
            (date(2026, 5, 21), "AcceptComplaint", "the office accepts", {}),
            (date(2026, 5, 21), "MediateComplaint", "and begins to mediate", {}),
            (
                date(2026, 5, 25),
                "AnswerComplaint",
                "the merchant answers, within its deadline",
                {"category": complaint_pb2.ANSWER_CATEGORY_AGREE_REFUND, "public_statement": "已全额退款并致歉。"},
            ),
            (date(2026, 5, 28), "AgreeComplaint", "both sides settle", {}),
            (date(2026, 5, 28), "NotifyComplaint", "and are told", {}),
        )
        self._say("### 2026-05-21 to 2026-05-28: accepted, answered, settled", "")
        self._say("| day | RPC | what | score | grade |", "|---|---|---|---|---|")
        for day, method, what, fields in steps:
            self._until(day)
            await self._step(method, fields)
            record = await self._read()
            score = points(record.score_millipoints)
            self._say(f"| {day} | `{method}` | {what} | {score} | {record.grade} |")
        self._say("")

    async def _penalised(self) -> str:
        self._until(date(2026, 6, 10))
        before = await self._read()
        self._say("### 2026-06-10: penalised", "")
        self._say(
            "`CreditService/SubmitViolation`: a fine of 20,000 yuan for false advertising, of the ordinary class.", ""
        )
        await self._submit("penalty", self._decision())
        await self._record()
        self._say("`CreditService/ExplainScore`, every line; they sum to the score exactly:", "")
        explained = await self._credit.ExplainScore(credit_pb.ExplainScoreRequest(credit_code=CODE))
        self._say("```")
        for line in explained.contributions:
            self._say(f"{points(line.amount_millipoints):>10}  {line.rule_id}")
            self._say(f"            {line.explanation_zh}", f"            {line.explanation_en}")
        total = sum(line.amount_millipoints for line in explained.contributions)
        self._say(f"{points(total):>10}  = the score", "```", "")
        return str(before.grade)

    async def _way_back(self, goal: str) -> None:
        self._say(f"`CreditService/GetWayBack` with `goal_grade` {goal}, as the merchant itself asks it:", "")
        request = credit_pb.GetWayBackRequest(credit_code=CODE, goal_grade=goal)
        way = await self._credit.GetWayBack(request, metadata=self._merchant)
        self._say(
            "```",
            f"by itself: {goal} {f'on {way.by_itself_on}' if way.by_itself_on else 'never, for orders are forgotten as cases are'}",
        )
        for step in way.steps:
            self._say(step.text_zh, step.text_en)
        self._say(f"with all steps at their earliest days: {goal} on {way.with_all_on}", "```", "")
        repair = next(step for step in way.steps if step.kind == credit_pb.WAY_BACK_STEP_KIND_REPAIR)
        first, promised = date.fromisoformat(repair.possible_on), date.fromisoformat(way.with_all_on)
        self._until(first - timedelta(days=1))
        self._say(f"### {first}: repaired", "")
        self._say("The sweep has turned every day since. The evening before:", "")
        await self._record()
        self._until(first)
        self._say(
            "Duties performed, conduct corrected: the deciding office grants the repair and tells it (`DECISION_STATE_REPAIRED`).",
            "",
        )
        await self._submit("repair", self._decision(state=violation_pb2.DECISION_STATE_REPAIRED))
        await self._record()
        self._until(promised)
        record = await self._read()
        self._say(
            f"Foretold on 2026-06-10: **{goal} on {promised}**. On that day the record says **{record.grade}**.", ""
        )
        await self._verify()

    async def _verify(self) -> None:
        self._say("`merchant-credit verify-scores` over this ledger:", "")
        verification = VerifyScores(self._world.dsn)
        differences = list(verification.differences())
        counts = verification.counts
        self._say(
            "```",
            f"{counts['scores']} scores of {counts['subjects']} subjects recomputed from {counts['accounts']} accounts: "
            f"{len(differences)} differences",
            "```",
        )

    def _until(self, day: date) -> None:
        """Let the days pass, each swept in its turn, to noon of a day."""
        target = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
        while self._world.clock.moment < target:
            self._world.clock.moment = min(target, self._world.clock.moment + timedelta(days=1))
            self._world.sweeper.sweep_once()
        Sequencer(self._world.dsn).sequence_once()

    def _report(self, body: Any, event_id: str, *, source: str) -> None:
        self._world.tell(told(body, event_id, source=source, at=self._world.clock.moment))

    def _decision(self, **fields: Any) -> violation_pb2.ViolationReported:
        given = {
            "fine_fen": 2_000_000,
            "decided_on": "2026-06-10",
            "authority_name": "贵安新区市场监督管理局",
            **fields,
        }
        return violation("贵安市监处罚〔2026〕17号", **given)

    async def _submit(self, request_id: str, decision: violation_pb2.ViolationReported) -> None:
        request = credit_pb.SubmitViolationRequest(request_id=request_id, violation=decision)
        await self._credit.SubmitViolation(request, metadata=self._office)
        self._world.drain()

    async def _step(self, method: str, fields: dict[str, Any]) -> None:
        step = cases.ComplaintStep(request_id=method, complaint_id=CASE)
        token = self._merchant if method == "AnswerComplaint" else self._office
        with self._working():
            await getattr(self._cases, method)(getattr(cases, f"{method}Request")(step=step, **fields), metadata=token)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Run the worker beside a step that waits for it."""
        stop = threading.Event()
        loops = [self._world.batch, Sequencer(self._world.dsn)]
        running = threading.Thread(target=run_loops, args=(loops, stop))
        running.start()
        yield
        stop.set()
        running.join()

    async def _read(self) -> Any:
        answer = await self._credit.GetCreditRecord(credit_pb.GetCreditRecordRequest(credit_code=CODE))
        return answer.record

    async def _record(self) -> None:
        record = await self._read()
        self._say(
            "```",
            f"{record.day}  score {points(record.score_millipoints)}  grade {record.grade}  revision {record.revision}",
        )
        for fact in record.facts:
            self._say(f"            {fact.summary_zh}（公示至 {fact.until}）")
        self._say("```", "")

    def _say(self, *lines: str) -> None:
        self.lines.extend(lines)
