"""Sends one request to an address that a stranger gave: resolved once, checked, and connected to the checked address.

So a name that changes its mind between check and connection leads nowhere. There is nothing here that follows a redirect,
and a receiver that drips its answer is cut off when its time is over.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import h11

from services.common.errors import InvalidInput, invalid
from services.credit.domain.webhooks.target import Address, Network, Target, check_addresses, parse_target, refused

#: A receiver may take so long for its answer, from the resolving of its name on.
ANSWER_SECONDS = 10.0
MAX_ANSWER_HEAD = 16_384
USER_AGENT = "merchant-credit-webhooks/1"


class DeliveryFailed(Exception):
    """There was no answer; the sentence says why, and nothing of our own network."""


async def resolve(url: str, allowed: Iterable[Network]) -> tuple[Target, Sequence[Address]]:
    """Return where an address leads; raises InvalidInput when it leads nowhere, or where it may not."""
    target = parse_target(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise refused(f"{target.host} does not resolve") from error
    addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
    check_addresses(target, addresses, allowed)
    return target, addresses


class Client:
    """Posts to checked addresses; one connection a request."""

    def __init__(
        self, allowed: Iterable[Network], ca_certs: Path | None = None, seconds: float = ANSWER_SECONDS
    ) -> None:
        self._allowed = tuple(allowed)
        self._seconds = seconds
        self._tls = _trusting(ca_certs) if ca_certs else None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post and return the status of the answer; raises DeliveryFailed when there is none in time."""
        try:
            async with asyncio.timeout(self._seconds):
                target, addresses = await resolve(url, self._allowed)
                return await self._post(target, addresses, headers, body)
        except TimeoutError as error:
            raise DeliveryFailed(f"no answer within {self._seconds:g} s") from error
        except InvalidInput as error:
            raise DeliveryFailed(str(error)) from error
        except ssl.SSLCertVerificationError as error:
            raise DeliveryFailed(f"its certificate is not valid: {error.verify_message}") from error
        except h11.RemoteProtocolError as error:
            raise DeliveryFailed("its answer is no HTTP") from error
        except OSError as error:
            raise DeliveryFailed("the connection failed or was closed") from error

    async def _post(self, target: Target, addresses: Sequence[Address], headers: Mapping[str, str], body: bytes) -> int:
        reader, writer = await self._connect(target, addresses)
        try:
            conversation = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_ANSWER_HEAD)
            writer.write(_request(conversation, target, headers, body))
            await writer.drain()
            return await _status(conversation, reader)
        finally:
            writer.close()
            with suppress(OSError):
                writer.transport.abort()  # nothing more is wanted of it, and nothing is waited for

    async def _connect(
        self, target: Target, addresses: Sequence[Address]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = self._context() if target.scheme == "https" else None
        name = target.host if tls else None
        for address in addresses[:-1]:
            with suppress(OSError):
                return await asyncio.open_connection(str(address), target.port, ssl=tls, server_hostname=name)
        return await asyncio.open_connection(str(addresses[-1]), target.port, ssl=tls, server_hostname=name)

    def _context(self) -> ssl.SSLContext:
        """Return the trust in public authorities; read when first needed, since it takes megabytes."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _trusting(ca_certs: Path) -> ssl.SSLContext:
    """Return the trust in public authorities and in those of a file; raises InvalidInput naming the configuration key."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_certs)
    except OSError as error:
        raise invalid("webhook_ca_certs", f"name a file of certificates (PEM): {ca_certs.name} is none") from error
    return context


def _request(conversation: h11.Connection, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    own = {
        "host": target.authority, "user-agent": USER_AGENT, "content-type": "application/json",
        "content-length": str(len(body)), "connection": "close",
    }  # fmt: skip
    request = h11.Request(method="POST", target=target.path, headers=list({**own, **headers}.items()))
    parts = (conversation.send(request), conversation.send(h11.Data(data=body)), conversation.send(h11.EndOfMessage()))
    return b"".join(part for part in parts if part)


async def _status(conversation: h11.Connection, reader: asyncio.StreamReader) -> int:
    while True:
        event = conversation.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            conversation.receive_data(await reader.read(MAX_ANSWER_HEAD))
        elif not isinstance(event, h11.InformationalResponse):
            raise ConnectionError("closed before an answer")
