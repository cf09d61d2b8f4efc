"""The closed list of reasons in the protos and the error families in the code are the same list."""

from merchantcredit.common.v1 import error_reason_pb2

from services.common import errors


def _reasons(family: type[errors.PlatformError]) -> set[str]:
    below = (_reasons(child) for child in family.__subclasses__() if child.__module__ == errors.__name__)
    return {family.reason}.union(*below)


def test_every_reason_of_the_code_stands_in_the_proto_and_the_other_way_round() -> None:
    prefix = "ERROR_REASON_"
    declared = {name.removeprefix(prefix) for name in error_reason_pb2.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - an enum wrapper is no dict
    assert declared == _reasons(errors.PlatformError)
