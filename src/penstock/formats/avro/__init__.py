"""The formats avro and avro-confluent: Flink's options, its schemas, and Avro's resolution between two."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from penstock.core.errors import UnsupportedError
from penstock.core.options import Option, Values, boolean, choice, text
from penstock.formats.avro.schema import derived_schema, parse_schema
from penstock.formats.format import Decoder, Encoder, pick, stable_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.types import Field

__all__ = ["Avro", "AvroConfluent", "Registry"]

ENCODING = Option("encoding", choice("binary", "json"), "binary", "How datums are written; json is not supported.")
LEGACY = Option(
    "timestamp_mapping.legacy", boolean, True, "Map TIMESTAMP to timestamp-millis, as Flink did before 1.19."
)
URL: Option[str | None] = Option(
    "url", text, None, "Where the schema registry is; without it, the project's own. Flink needs it."
)
SUBJECT: Option[str | None] = Option(
    "subject", text, None, "The subject to register a sink's schema under; by default the topic's, TOPIC-value."
)
OLD_URL: Option[str | None] = Option("schema-registry.url", text, None, "An older name of url.")
OLD_SUBJECT: Option[str | None] = Option("schema-registry.subject", text, None, "An older name of subject.")
SCHEMA: Option[str | None] = Option(
    "schema", text, None, "The Avro schema that a sink registers; by default that which the columns give."
)
LOGIN = Option("basic-auth.user-info", text, "", "USER:PASSWORD for the registry, or the ${VARIABLE} that has it.")
TOKEN = Option("bearer-auth.token", text, "", "A token for the registry, or the ${VARIABLE} that has it.")
LOGIN_SOURCE = Option(
    "basic-auth.credentials-source", choice("USER_INFO"), "USER_INFO", "Where the login comes from: user-info."
)
TOKEN_SOURCE = Option(
    "bearer-auth.credentials-source", choice("STATIC_TOKEN"), "STATIC_TOKEN", "Where the token comes from: token."
)
STORES = tuple(
    Option(name, text, "", "Not supported: the certificates of the system are used, or those of SSL_CERT_FILE.")
    for name in (
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.truststore.location",
        "ssl.truststore.password",
    )
)

_VERSION = 1
_CONFLUENT_VERSION = 2


class Registry(Protocol):
    """Where schemas are known by number."""

    def schema(self, number: int) -> str | None:
        """The schema `number`, as JSON; None if there is none."""
        ...

    def register(self, subject: str, schema: str) -> int:
        """The number of `schema`, given to it if it has none yet."""
        ...


class Avro:
    """The format avro: bare datums of the schema that Flink derives from the table.

    Differs from Flink 2.3 in two things: a timestamp of more than 3 digits counts microseconds, as its schema says
    (Flink counts milliseconds there), and what stands behind a datum does not run into the next message.
    """

    name = "avro"
    options: tuple[Option[Any], ...] = (ENCODING, LEGACY)

    def decoder(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        from penstock.formats.avro.decoder import AvroDecoder

        return AvroDecoder(schema, pick(schema, wanted), parse_schema(self.schema(schema, options), "format avro"))

    def encoder(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> Encoder:
        from penstock.formats.avro.encoder import AvroEncoder

        return AvroEncoder(schema, parse_schema(self.schema(schema, options), "format avro"))

    def schema(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> str:
        """The Avro schema of rows of `schema`, as JSON.

        Raises ConfigError for wrong options, UnsupportedError for a type that Avro does not have.
        """
        values = Values(self.options, options, f"format {self.name}")
        if values[ENCODING] == "json":
            raise UnsupportedError(
                "the format avro is not supported with 'encoding' = 'json'",
                code="avro-encoding",
                hint="leave it out for binary, or use the format json",
            )
        return json.dumps(derived_schema(schema, legacy=values[LEGACY]))

    def fingerprint(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        values = Values(self.options, options, f"format {self.name}")
        return stable_hash(self.name, _VERSION, schema, wanted, values, self.options)


class AvroConfluent:
    """The format avro-confluent: datums that name their writer's schema by number.

    A `registry` tells the schemas, and numbers that of a sink; without one every number means the option `schema`, or
    else the table's own schema, and a sink writes the number 0.
    """

    name = "avro-confluent"
    options: tuple[Option[Any], ...] = (
        URL,
        OLD_URL,
        SUBJECT,
        OLD_SUBJECT,
        SCHEMA,
        LOGIN_SOURCE,
        LOGIN,
        TOKEN_SOURCE,
        TOKEN,
        *STORES,
    )

    def __init__(self, registry: Registry | None = None) -> None:
        self.registry = registry

    def decoder(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        from penstock.formats.avro.decoder import ConfluentDecoder

        text = self._schema(schema, options)
        if self.registry is not None:
            return ConfluentDecoder(schema, pick(schema, wanted), self.registry.schema)
        parse_schema(text, f"format {self.name}")
        return ConfluentDecoder(schema, pick(schema, wanted), lambda _: text)

    def encoder(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> Encoder:
        from penstock.formats.avro.encoder import AvroEncoder, ConfluentEncoder

        text = self._schema(schema, options)
        node = parse_schema(text, f"format {self.name}")
        registry = self.registry
        if registry is None:
            return AvroEncoder(schema, node, _header(0))
        values = Values(self.options, options, f"format {self.name}")
        subject = values[SUBJECT] or values[OLD_SUBJECT] or ""
        return ConfluentEncoder(schema, node, lambda: _header(registry.register(subject, text)))

    def _schema(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> str:
        values = Values(self.options, options, f"format {self.name}")
        return values[SCHEMA] or json.dumps(derived_schema(schema, legacy=True))

    def fingerprint(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        values = Values(self.options, options, f"format {self.name}")
        return stable_hash(self.name, _CONFLUENT_VERSION, schema, wanted, values, (SCHEMA, URL, OLD_URL))


def _header(number: int) -> bytes:
    """What stands before each datum: a zero byte, and the number of its schema in four."""
    return b"\0" + number.to_bytes(4, "big")
