"""An address may lead to the public network, or to one that the operator allows, and nowhere else."""

from ipaddress import ip_address, ip_network

import pytest

from services.common.errors import InvalidInput
from services.credit.domain.webhooks.target import check_addresses, parse_target

LOOPBACK = (ip_network("127.0.0.0/8"),)
INSIDE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",  # noqa: S104
    "255.255.255.255", "192.0.0.8", "198.18.0.1", "203.0.113.9",
    "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="private, local or reserved"):
        check_addresses(parse_target("https://a.example/"), [ip_address(address)], ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_public_network_is_open_to_https_only(address: str) -> None:
    check_addresses(parse_target("https://a.example/"), [ip_address(address)], ())
    with pytest.raises(InvalidInput, match="https"):
        check_addresses(parse_target("http://a.example/"), [ip_address(address)], ())


def test_one_inside_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(InvalidInput):
        check_addresses(parse_target("https://a.example/"), [ip_address("8.8.8.8"), ip_address("10.0.0.1")], ())


def test_an_allowed_network_is_open_also_to_http_and_by_a_mapped_address() -> None:
    for address in ("127.0.0.1", "::ffff:127.0.0.1"):
        check_addresses(parse_target("http://a.example/"), [ip_address(address)], LOOPBACK)
    with pytest.raises(InvalidInput):
        check_addresses(parse_target("http://a.example/"), [ip_address("10.0.0.1")], LOOPBACK)


def test_a_host_without_address_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no address"):
        check_addresses(parse_target("https://a.example/"), [], ())


@pytest.mark.parametrize(
    "url",
    [
        "", "a.example", "//a.example", "ftp://a.example", "file:///etc/passwd", "https://", "https://:443/", "https://a b/",
        "https://user@a.example/", "https://user:pw@a.example/", "https://a.example/#x", "https://a.example/\r\nx: y",
        "https://a.example:0/", "https://a.example:99999/", "https://[::1", "https://例子.cn/", "https://a.example/" + "x" * 500,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_target(url)
    assert refused.value.violations[0].field == "url"


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://a.example", "a.example", "/"),
        ("https://a.example:8443/x?y=1", "a.example:8443", "/x?y=1"),
        ("http://[2606:4700::1]:80/", "[2606:4700::1]", "/"),
    ],
)
def test_an_address_is_read(url: str, authority: str, path: str) -> None:
    target = parse_target(url)
    assert (target.authority, target.path) == (authority, path)
