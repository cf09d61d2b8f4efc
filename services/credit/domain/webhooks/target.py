"""Where a webhook may be sent: an address of the public network, or of a network that the operator allows."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from services.common.errors import FieldViolation, InvalidInput

MAX_URL = 500
_PORTS = {"https": 443, "http": 80}
#: Visible ASCII: a space or line break could end the request line.
_VISIBLE = re.compile(r"[!-~]+")
#: Networks that could lead inside by a translator: RFC 6890 (IETF's own), 6052, 8215, 3056, 4380 (IPv6 that carries IPv4).
_CARRIERS = tuple(map(ip_network, ("192.0.0.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Target(NamedTuple):
    """Where to send: `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return the value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Read an address; raises InvalidInput naming what is wrong with it."""
    if len(url) > MAX_URL or not _VISIBLE.fullmatch(url):
        raise refused(
            f"give an address of 1 to {MAX_URL} visible ASCII characters (a host in Punycode, a path escaped)"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refused("is no address that can be read") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise refused("begin with https:// and a host")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise refused("leave out user, password and fragment: the signature proves who sends")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)


def check_addresses(target: Target, addresses: Sequence[Address], allowed: Iterable[Network]) -> None:
    """Raise InvalidInput unless each address of a host may be called; http only where the operator allows the network."""
    networks = tuple(allowed)
    if not addresses:
        raise refused(f"{target.host} has no address")
    for found in addresses:
        address = found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
        if any(address in network for network in networks if network.version == address.version):
            continue
        if not _is_public(address):
            raise refused(f"{target.host} leads into a private, local or reserved network: give a public address")
        if target.scheme != "https":
            raise refused("begin with https://: http is only for networks that the operator allows")


def refused(description: str) -> InvalidInput:
    """Return the error of an address."""
    return InvalidInput(f"url: {description}", violations=(FieldViolation(field="url", description=description),))


def _is_public(address: Address) -> bool:
    is_carrier = any(address in network for network in _CARRIERS if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not is_carrier
