"""Real servers for tests: a key of their own, a token a role, a free port."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from joserfc.jwk import OKPKey

from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import Verifier, issue, load_key, make_key
from services.common.grpc import server
from services.common.grpc.server import Registration


@dataclass
class Served:
    channel: grpc.aio.Channel
    address: str
    key: OKPKey

    def token(self, role: Role, subject: str = "tester") -> list[tuple[str, str]]:
        """Return the metadata of a caller with one role; none for the public."""
        if role is Role.PUBLIC:
            return []
        actor = Actor(subject=subject, office=f"{role} office", roles=frozenset({role}))
        return [("authorization", f"Bearer {issue(self.key, actor, seconds=600)}")]


@asynccontextmanager
async def serve(folder: Path, make: Callable[[], Sequence[Registration]]) -> AsyncIterator[Served]:
    make_key(folder / "key.pem")
    key = load_key(folder / "key.pem")
    running = await server.start(make(), verifier=Verifier(key), address="127.0.0.1:0")
    address = f"127.0.0.1:{running.port}"
    async with grpc.aio.insecure_channel(address) as channel:
        yield Served(channel, address, key)
    await running.stop()
