"""The configuration of one process: a TOML file, and the environment over it; what is unknown is refused by name.

A key `kafka.bootstrap` of the file is `MERCHANTCREDIT_KAFKA__BOOTSTRAP` in the environment.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, field_validator, model_validator

from services.common.errors import FieldViolation, InvalidInput
from services.common.logs import LogFormat, LogLevel

PREFIX = "MERCHANTCREDIT_"


class Section(BaseModel):
    """A group of keys; frozen, and closed against unknown ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(Section):
    """Where Kafka is.

    Attributes:
        bootstrap: HOST:PORT of some brokers, comma-separated.
        namespace: put before the names of topics and groups.
        copies: replicas of each topic, when they are made.
        security: further settings of kafka-python, such as security_protocol and ssl_cafile.
    """

    bootstrap: str
    namespace: str = ""
    copies: int = Field(default=1, ge=1)
    security: dict[str, str] = {}


class Elasticsearch(Section):
    """Where Elasticsearch is; see ElasticSettings."""

    url: str = Field(pattern=r"^https?://")
    prefix: str = "merchantcredit-record"
    api_key: str = ""
    ca_certs: str = ""
    replicas: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.url.startswith("http://") and (self.ca_certs or self.api_key):
            raise ValueError("ca_certs and api_key need an https:// url: without TLS the key is for everyone to read")
        return self


class Config(Section):
    """What a process of any role may need; a role names what it does need.

    Attributes:
        dsn: the service's own database.
        listen: HOST:PORT to serve on.
        token_key: file of the key that signs callers' tokens.
        complainant_key: file of the secret that stands for complainants (credit only).
        webhook_networks: networks (CIDR) inside which a webhook may lead, beside the public one (credit only).
        webhook_ca_certs: file of the authorities (PEM) that vouch for webhooks' receivers, beside the public ones (credit only).
        kafka: where the topics are.
        elasticsearch: where the index is (search only).
        metrics: HOST:PORT of /metrics, /livez and /readyz; absent: they are not served.
        traces: URL of a collector that takes spans by OTLP over HTTP; absent: there are none.
        log_format: how the log is written: `console` for people, `json` for one JSON object a line.
        log_level: `debug` adds a line for each call.
        registry, credit, search: HOST:PORT of the services (portal only).
    """

    dsn: str = ""
    listen: str = ""
    token_key: Path | None = None
    complainant_key: Path | None = None
    webhook_networks: tuple[IPvAnyNetwork, ...] = ()
    webhook_ca_certs: Path | None = None
    kafka: Kafka | None = None
    elasticsearch: Elasticsearch | None = None
    metrics: str = Field(default="", pattern=r"^$|^.+:\d+$")
    traces: str = Field(default="", pattern=r"^$|^https?://.+")
    log_format: LogFormat = "console"
    log_level: LogLevel = "info"
    registry: str = ""
    credit: str = ""
    search: str = ""

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _split(cls, told: object) -> object:
        """Take the environment's one text for a list: its parts stand between commas."""
        return [part for part in told.split(",") if part] if isinstance(told, str) else told

    def require(self, *names: str) -> None:
        """Raise InvalidInput naming the first of the keys that is absent."""
        for name in names:
            if getattr(self, name) in ("", None):
                raise _refused(name, "is needed by this role: set it in the file or the environment")


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration; raises InvalidInput naming the key that is unknown, malformed or contradicts another."""
    told: dict[str, Any] = tomllib.loads(path.read_text()) if path else {}
    for name, value in environment.items():
        if name.startswith(PREFIX):
            _put(told, name.removeprefix(PREFIX).lower().split("__"), value)
    try:
        return Config.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        raise _refused(".".join(map(str, first["loc"])), first["msg"]) from error


def _put(told: dict[str, Any], words: Iterable[str], value: str) -> None:
    *sections, key = words
    for section in sections:
        told = told.setdefault(section, {})
    told[key] = value


def _refused(key: str, description: str) -> InvalidInput:
    return InvalidInput(
        f"configuration key {key}: {description}", violations=(FieldViolation(field=key, description=description),)
    )
