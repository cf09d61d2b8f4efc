"""The configuration of a process: file, environment over it, and refusals that name the key."""

from pathlib import Path

import pytest

from services.common.config import load
from services.common.errors import InvalidInput


def written(folder: Path, text: str) -> Path:
    (folder / "c.toml").write_text(text)
    return folder / "c.toml"


def test_the_environment_stands_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'dsn = "postgresql://a"\n[kafka]\nbootstrap = "k1:9092"\ncopies = 3\n')
    config = load(file, {"MERCHANTCREDIT_KAFKA__BOOTSTRAP": "k2:9092", "HOME": "/"})
    assert config.kafka is not None
    assert (config.dsn, config.kafka.bootstrap, config.kafka.copies) == ("postgresql://a", "k2:9092", 3)


@pytest.mark.parametrize(
    ("text", "environment", "key"),
    [
        ('listn = "a:1"', {}, "listn"),
        ('[kafka]\nbootstrap = "k"\npartitions = 3', {}, "kafka.partitions"),
        ("", {"MERCHANTCREDIT_DSM": "x"}, "dsm"),
        ("[kafka]\ncopies = 1", {}, "kafka.bootstrap"),
        ('[kafka]\nbootstrap = "k"\ncopies = 0', {}, "kafka.copies"),
        ("", {"MERCHANTCREDIT_WEBHOOK_NETWORKS": "10.0.0.0/8,everywhere"}, "webhook_networks.1"),
        ('[elasticsearch]\nurl = "es:9200"', {}, "elasticsearch.url"),
        ('[elasticsearch]\nurl = "http://es:9200"\napi_key = "k"', {}, "elasticsearch"),
    ],
)
def test_what_is_unknown_or_contradicts_is_refused_by_name(
    tmp_path: Path, text: str, environment: dict[str, str], key: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        load(written(tmp_path, text), environment)
    assert refused.value.violations[0].field == key


def test_what_a_role_needs_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"complainant_key: is needed by this role"):
        load(None, {"MERCHANTCREDIT_DSN": "postgresql://a"}).require("dsn", "complainant_key")


def test_networks_are_told_by_the_environment_too() -> None:
    networks = load(None, {"MERCHANTCREDIT_WEBHOOK_NETWORKS": "10.0.0.0/8,fd00::/8"}).webhook_networks
    assert [str(network) for network in networks] == ["10.0.0.0/8", "fd00::/8"]
