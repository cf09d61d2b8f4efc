"""Nothing restricted is reachable from what the public, the topics or the index see (design.md section 4, point 10)."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from merchantcredit.common.v1 import audience_pb2

ROOT = Path(__file__).parents[2] / "protos" / "gen"
PUBLIC_MESSAGES = (
    "merchantcredit.credit.v1.PublicRecord",
    "merchantcredit.credit.v1.GetCreditRecordResponse",
    "merchantcredit.credit.v1.ExplainScoreResponse",
    "merchantcredit.credit.v1.WatchGradeChangesResponse",
    "merchantcredit.credit.v1.ListPublishedComplaintsResponse",
    "merchantcredit.credit.v1.ListPublishedPenaltiesResponse",
    "merchantcredit.events.v1.GradeChanged",
    "merchantcredit.events.v1.EnterpriseSnapshot",
    "merchantcredit.registry.v1.GetEnterpriseResponse",
    "merchantcredit.registry.v1.ListEnterprisesResponse",
    "merchantcredit.search.v1.SearchRecordsResponse",
    "merchantcredit.search.v1.SuggestRecordsResponse",
)


def _files() -> Iterator[FileDescriptor]:
    for path in sorted(ROOT.rglob("*_pb2.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield importlib.import_module(module).DESCRIPTOR


MESSAGES: dict[str, Descriptor] = {m.full_name: m for f in _files() for m in f.message_types_by_name.values()}


def _is_restricted(field: FieldDescriptor) -> bool:
    marked = field.GetOptions().Extensions[audience_pb2.audience] == audience_pb2.AUDIENCE_RESTRICTED
    target = field.message_type
    return marked or (
        target is not None
        and target.GetOptions().Extensions[audience_pb2.message_audience] == audience_pb2.AUDIENCE_RESTRICTED
    )


def restricted_paths(message: Descriptor, seen: frozenset[str] = frozenset()) -> list[str]:
    found: list[str] = []
    for field in message.fields:
        if _is_restricted(field):
            found.append(field.full_name)
        elif field.message_type is not None and field.message_type.full_name not in seen:
            found += restricted_paths(field.message_type, seen | {message.full_name})
    return found


@pytest.mark.parametrize("name", PUBLIC_MESSAGES)
def test_nothing_restricted_is_reachable_from_a_public_message(name: str) -> None:
    assert restricted_paths(MESSAGES[name]) == []


def test_the_walk_finds_a_restricted_field() -> None:
    assert restricted_paths(MESSAGES["merchantcredit.credit.v1.GetRestrictedRecordResponse"])


def test_every_topic_message_is_walked() -> None:
    on_topics = {"PublicRecord", "GradeChanged", "EnterpriseSnapshot"}
    assert on_topics <= {name.rsplit(".", 1)[1] for name in PUBLIC_MESSAGES}
