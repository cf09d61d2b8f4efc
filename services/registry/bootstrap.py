"""The registry's composition root."""

from merchantcredit.registry.v1 import registry_service_pb2_grpc as rpc

from services.common.clock import Clock
from services.common.db.pool import open_pool
from services.common.grpc.server import Registration
from services.registry.adapters.postgres_register import PostgresRegisters
from services.registry.api.servicer import ACCESS, RegistryServicer
from services.registry.application.merge_enterprises import MergeEnterprises
from services.registry.application.read_enterprises import ReadEnterprises
from services.registry.application.register_enterprises import RegisterEnterprises
from services.registry.application.split_enterprises import SplitEnterprises

SERVICE = "merchantcredit.registry.v1.RegistryService"


def serving(dsn: str, clock: Clock) -> Registration:
    """Return the registry's servicer, ready to be added to a server."""
    pool = open_pool(dsn)
    registers = PostgresRegisters(pool, clock)
    servicer = RegistryServicer(
        RegisterEnterprises(registers, clock),
        MergeEnterprises(registers, clock),
        SplitEnterprises(registers, clock),
        ReadEnterprises(registers),
    )
    return Registration(
        service_name=SERVICE,
        add=lambda server: rpc.add_RegistryServiceServicer_to_server(servicer, server),
        access=ACCESS,
        closers=(pool.close,),
    )
