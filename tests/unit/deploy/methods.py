"""The full names of all RPCs of the platform, as the servers count them."""

import pkgutil
from importlib import import_module

import merchantcredit
from google.protobuf.descriptor import FileDescriptor


def _files() -> list[FileDescriptor]:
    modules = pkgutil.walk_packages(merchantcredit.__path__, "merchantcredit.")
    return [import_module(m.name).DESCRIPTOR for m in modules if m.name.endswith("_pb2")]


METHODS = [
    f"/{service.full_name}/{method.name}"
    for file in _files()
    for service in file.services_by_name.values()
    for method in service.methods
]
