"""Credit's composition root: what serves, and what works."""

from collections.abc import Sequence
from uuid import uuid4

import grpc
from merchantcredit.credit.v1 import complainant_service_pb2_grpc as complainant_rpc
from merchantcredit.credit.v1 import complaint_service_pb2_grpc as complaint_rpc
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc
from merchantcredit.credit.v1 import matching_service_pb2_grpc as matching_rpc
from merchantcredit.credit.v1 import policy_service_pb2_grpc as policy_rpc
from merchantcredit.credit.v1 import punishment_service_pb2_grpc as punishment_rpc
from merchantcredit.credit.v1 import review_service_pb2_grpc as review_rpc
from merchantcredit.credit.v1 import webhook_service_pb2_grpc as webhook_rpc

from services.common.auth.seals import private_key
from services.common.clock import Clock, china_day
from services.common.db.pool import BY_INDEX, Pool, open_pool
from services.common.eventlog.batch import BatchConsumer, BatchPolicy, Handler
from services.common.eventlog.port import EventLog
from services.common.eventlog.topics import CREDIT_GROUP, DISPATCH_GROUP, FEEDBACK, FEEDBACK_GROUP, INSTRUCTION
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop
from services.credit.adapters.case_reader import CaseReader
from services.credit.adapters.case_steps import holding, tell
from services.credit.adapters.case_vault import CaseVault
from services.credit.adapters.complainant_store import opening
from services.credit.adapters.evidence import EvidenceReader
from services.credit.adapters.listing_records import ListingRecords
from services.credit.adapters.match_reader import MatchDesk, MatchReader
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.policy_refresher import PolicyRefresher
from services.credit.adapters.policy_store import claim
from services.credit.adapters.published_cases import PublishedCases
from services.credit.adapters.published_penalties import PublishedPenalties
from services.credit.adapters.punishment.check_reader import CheckReader
from services.credit.adapters.punishment.dispatch import Dispatch
from services.credit.adapters.punishment.law_files import load_law
from services.credit.adapters.punishment.watch import DirectiveStreams
from services.credit.adapters.record_reader import RecordReader
from services.credit.adapters.restricted_reader import RestrictedReader
from services.credit.adapters.state_reader import PostgresStates
from services.credit.adapters.submissions import PostgresSubmissions
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.adapters.webhooks.body import Bodies
from services.credit.adapters.webhooks.client import ANSWER_SECONDS, Client
from services.credit.adapters.webhooks.log import DeliveryLog
from services.credit.adapters.webhooks.queue import Queue
from services.credit.api.complainant_servicer import ACCESS as COMPLAINANT_ACCESS
from services.credit.api.complainant_servicer import ComplainantServicer
from services.credit.api.complaint_servicer import ACCESS as COMPLAINT_ACCESS
from services.credit.api.complaint_servicer import ComplaintServicer
from services.credit.api.complaint_servicer import Readers as CaseReaders
from services.credit.api.matching_servicer import ACCESS as MATCHING_ACCESS
from services.credit.api.matching_servicer import MatchingServicer
from services.credit.api.policy_servicer import ACCESS as POLICY_ACCESS
from services.credit.api.policy_servicer import PolicyServicer
from services.credit.api.punishment_desk import Desk
from services.credit.api.punishment_servicer import ACCESS as PUNISHMENT_ACCESS
from services.credit.api.punishment_servicer import PunishmentServicer
from services.credit.api.raw_record import use_raw_record
from services.credit.api.review_servicer import ACCESS as REVIEW_ACCESS
from services.credit.api.review_servicer import ReviewServicer
from services.credit.api.servicer import ACCESS, CreditServicer, Readers
from services.credit.api.webhook_servicer import ACCESS as WEBHOOK_ACCESS
from services.credit.api.webhook_servicer import WebhookServicer
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.complainants import Complainants
from services.credit.application.decide_match import DecideMatch
from services.credit.application.read_past import ReadPast
from services.credit.application.read_way_back import ReadWayBack
from services.credit.application.sources import SourceMap
from services.credit.application.submit import Submit
from services.credit.application.take_case_step import TakeCaseStep
from services.credit.config import POLICY_FOLDER, CreditConfig
from services.credit.consumers.decode import Decoder
from services.credit.consumers.punishment.feedback import FeedbackHandler
from services.credit.consumers.punishment.sweeper import PunishmentSweeper
from services.credit.consumers.sweeper import Sweeper
from services.credit.consumers.webhooks import WebhookSender
from services.credit.consumers.worker import TOPICS, CreditHandler
from services.credit.domain.webhooks.schedule import Schedule

#: Records a batch under backlog, at first and at most: a larger batch touches fewer merchants an event, and each costs one publication.
BATCH, MOST_BATCH = 8_000, 32_000
#: A small batch is mostly what a transaction costs.
APART_SECONDS = 0.1
PUNISHMENT_POLL_SECONDS = 0.5
COMPLAINANT_SERVICE = "merchantcredit.credit.v1.ComplainantService"
COMPLAINT_SERVICE = "merchantcredit.credit.v1.ComplaintService"
MATCHING_SERVICE = "merchantcredit.credit.v1.MatchingService"
PUNISHMENT_SERVICE = "merchantcredit.credit.v1.PunishmentService"
POLICY_SERVICE = "merchantcredit.credit.v1.PolicyService"
REVIEW_SERVICE = "merchantcredit.credit.v1.ReviewService"
WEBHOOK_SERVICE = "merchantcredit.credit.v1.WebhookService"
#: Processes that consume side by side, each with its share of the partitions.
LANES = 2
SERVICE = "merchantcredit.credit.v1.CreditService"


def preload() -> None:
    """Read the shipped policies before a process forks: its forks share what checking them needs."""
    load_policies(POLICY_FOLDER)


def working(
    config: CreditConfig, event_log: EventLog, clock: Clock, policy: BatchPolicy | None = None
) -> Sequence[Loop]:
    """Return the loops that keep the ledger: the consumer of events and the day's sweeper."""
    policies = load_policies(config.policy_folder)
    pool = open_pool(config.dsn)
    with pool.connection() as conn:
        claim(conn, policies.shipped)
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    vault = CaseVault(config.complainant_key)
    handler = CreditHandler(decoder, ApplyEvents(policies, clock), policies, vault, clock)
    consumer = BatchConsumer(
        event_log=event_log,
        group=CREDIT_GROUP,
        topics=TOPICS,
        pool=pool,
        handler=handler,
        policy=policy or BatchPolicy(max_records=BATCH, most_records=MOST_BATCH, apart_seconds=APART_SECONDS),
    )
    return consumer, Sweeper(pool, policies, clock)


def punishing(
    config: CreditConfig, event_log: EventLog, clock: Clock, policy: BatchPolicy | None = None
) -> Sequence[Loop]:
    """Return the loops of joint punishment: the numbering of directives, the departments' feedback, and the sweep."""
    law = load_law(config.law_folder)
    pool = open_pool(config.dsn, options=BY_INDEX)
    given = policy or BatchPolicy(poll_seconds=PUNISHMENT_POLL_SECONDS)
    handlers: tuple[tuple[str, str, Handler], ...] = (
        (DISPATCH_GROUP, INSTRUCTION, Dispatch(law, clock)),
        (FEEDBACK_GROUP, FEEDBACK, FeedbackHandler(clock)),
    )
    consumers = [
        BatchConsumer(event_log=event_log, group=group, topics=(topic,), pool=pool, handler=handler, policy=given)
        for group, topic, handler in handlers
    ]
    return *consumers, PunishmentSweeper(
        pool, law, ListingRecords(load_policies(config.policy_folder), clock).tell, clock
    )


def sending_webhooks(
    config: CreditConfig, clock: Clock, schedule: Schedule | None = None, answer_seconds: float = ANSWER_SECONDS
) -> WebhookSender:
    """Return the loop that sends to webhooks; any number of them share the work.

    `answer_seconds` is what a receiver may take; another process goes on after three times that when this one dies.
    Raises InvalidInput for what is no file of authorities.
    """
    pool, holder = open_pool(config.dsn, max_size=2), uuid4().hex
    notes = DeliveryLog(pool, holder, schedule or Schedule())
    client = Client(config.webhook_networks, config.webhook_ca_certs, answer_seconds)
    queue = Queue(pool, holder, answer_seconds)
    return WebhookSender(queue, Bodies(pool), notes, client, config.complainant_key, clock)


def serving_webhooks(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return the servicer of webhooks, ready to be added to a server."""
    pool = pool or open_pool(config.dsn)
    servicer = WebhookServicer(pool, config.webhook_networks, config.complainant_key, clock)
    return Registration(
        service_name=WEBHOOK_SERVICE,
        add=lambda server: webhook_rpc.add_WebhookServiceServicer_to_server(servicer, server),
        access=WEBHOOK_ACCESS,
        closers=(pool.close,),
    )


def serving_punishment(config: CreditConfig, clock: Clock) -> Registration:
    """Return joint punishment's servicer, ready to be added to a server."""
    law = load_law(config.law_folder)
    pool = open_pool(config.dsn, options=BY_INDEX)
    records = ListingRecords(load_policies(config.policy_folder), clock)
    streams = DirectiveStreams(config.dsn)
    checks = CheckReader(config.dsn, law, clock)
    servicer = PunishmentServicer(Desk(pool, law, records.tell, clock), checks, streams)
    return Registration(
        service_name=PUNISHMENT_SERVICE,
        add=lambda server: punishment_rpc.add_PunishmentServiceServicer_to_server(servicer, server),
        access=PUNISHMENT_ACCESS,
        closers=(pool.close, checks.close, streams.close),
    )


def serving_complaints(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return the servicer of complaint cases, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool, holds = pool or open_pool(config.dsn), open_pool(config.dsn)
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    submissions, reader = PostgresSubmissions(pool), CaseReader(pool)
    submit = Submit(submissions, decoder.decode, clock)
    take = TakeCaseStep(reader, holding(holds), tell, submit, submissions.receipt, clock)
    published = PublishedCases(pool, CaseVault(config.complainant_key), policies, clock)
    servicer = ComplaintServicer(take, CaseReaders(reader, published, config.dsn), clock)
    return Registration(
        service_name=COMPLAINT_SERVICE,
        add=lambda server: complaint_rpc.add_ComplaintServiceServicer_to_server(servicer, server),
        access=COMPLAINT_ACCESS,
        closers=(pool.close, holds.close),
    )


def serving_matching(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return the servicer of events that came without a code, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool = pool or open_pool(config.dsn)
    decide = DecideMatch(MatchDesk(pool), ApplyEvents(policies, clock), clock)
    servicer = MatchingServicer(MatchReader(pool), decide)
    return Registration(
        service_name=MATCHING_SERVICE,
        add=lambda server: matching_rpc.add_MatchingServiceServicer_to_server(servicer, server),
        access=MATCHING_ACCESS,
        closers=(pool.close,),
    )


def serving_complainants(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return the servicer of what protects complainants, ready to be added to a server."""
    pool = pool or open_pool(config.dsn)
    opener = opening(pool, CaseVault(config.complainant_key))
    complainants = Complainants(CaseReader(pool), opener, clock)
    servicer = ComplainantServicer(complainants, private_key(config.complainant_key), pool)
    return Registration(
        service_name=COMPLAINANT_SERVICE,
        add=lambda server: complainant_rpc.add_ComplainantServiceServicer_to_server(servicer, server),
        access=COMPLAINANT_ACCESS,
        closers=(pool.close,),
    )


def serving_policies(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return the servicer of policies, ready to be added to a server."""
    pool = pool or open_pool(config.dsn)
    servicer = PolicyServicer(pool, load_policies(config.policy_folder), clock)
    return Registration(
        service_name=POLICY_SERVICE,
        add=lambda server: policy_rpc.add_PolicyServiceServicer_to_server(servicer, server),
        access=POLICY_ACCESS,
        closers=(pool.close,),
    )


def serving_reviews(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return the servicer of reviews and marks, ready to be added to a server."""
    pool = pool or open_pool(config.dsn)
    servicer = ReviewServicer(pool, load_policies(config.policy_folder), clock)
    return Registration(
        service_name=REVIEW_SERVICE,
        add=lambda server: review_rpc.add_ReviewServiceServicer_to_server(servicer, server),
        access=REVIEW_ACCESS,
        closers=(pool.close,),
    )


def serving(config: CreditConfig, clock: Clock, pool: Pool | None = None) -> Registration:
    """Return credit's servicer, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool = pool or open_pool(config.dsn)
    records = RecordReader(config.dsn, policies, clock)
    readers = Readers(
        records,
        RestrictedReader(pool, load_law(config.law_folder), clock),
        EvidenceReader(pool, policies, clock),
        PublishedPenalties(pool, clock),
        ReadPast(PostgresPast(pool), RecordEncoder(), policies, clock),
        ReadWayBack(PostgresStates(pool), policies, clock),
        policies,
    )
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    submissions = PostgresSubmissions(pool)
    refresher = PolicyRefresher(pool, policies)
    submit = Submit(submissions, decoder.decode, clock)
    servicer = CreditServicer(readers, submit, submissions, config.dsn)

    def add(server: grpc.aio.Server) -> None:
        rpc.add_CreditServiceServicer_to_server(servicer, server)
        use_raw_record(server, SERVICE, servicer.GetCreditRecord)

    closers = (refresher.close, pool.close, records.close)
    return Registration(service_name=SERVICE, add=add, access=ACCESS, closers=closers)


#: Connections that the servicers of one process share at the most.
SHARED_CONNECTIONS = 16
#: Every servicer that needs no connections of its own kind.
_SHARING = (
    serving,
    serving_complaints,
    serving_complainants,
    serving_matching,
    serving_reviews,
    serving_policies,
    serving_webhooks,
)


def serving_all(config: CreditConfig, clock: Clock) -> list[Registration]:
    """Return all servicers of credit, ready to be added to a server; they share connections, each of which is a process."""
    pool = open_pool(config.dsn, max_size=SHARED_CONNECTIONS)
    return [*(make(config, clock, pool) for make in _SHARING), serving_punishment(config, clock)]
