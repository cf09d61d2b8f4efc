"""How a document lies in tantivy: token fields that are only searched, a version to compare, and a payload to show."""

import tantivy

from services.search.adapters import payload
from services.search.adapters.fields import MANY, RANKED, SINGLE, field_tokens
from services.search.adapters.name_texts import Texts
from services.search.domain.document import Document

#: Raise it when the fields or the keys change: an index of another version is rebuilt beside the one in use.
SCHEMA_VERSION = 2
TOKENS = "tokens"


def make_schema() -> tantivy.Schema:
    """Return the schema. Tokens are made in Python and split at blanks, so that Elasticsearch gets the same."""
    builder = tantivy.SchemaBuilder()
    for name in SINGLE:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in MANY:
        builder.add_text_field(name, tokenizer_name=TOKENS, index_option="freq" if name in RANKED else "basic")
    builder.add_unsigned_field("version", fast=True)
    builder.add_bytes_field("payload", stored=True)
    return builder.build()


SCHEMA = make_schema()


def register_tokens(index: tantivy.Index) -> tantivy.Index:
    """Teach an index the tokeniser of the schema; it is not stored with it."""
    index.register_tokenizer(TOKENS, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def to_tantivy(document: Document, name: Texts) -> tantivy.Document:
    """Return the document as tantivy takes it."""
    made = tantivy.Document()
    for field, tokens in field_tokens(document, name).items():
        made.add_text(field, tokens)
    made.add_unsigned("version", document.version)
    made.add_bytes("payload", payload.dump(document))
    return made


def from_tantivy(found: tantivy.Document) -> Document:
    """Return the document of a hit."""
    return payload.load(bytes(found.get_first("payload") or b""))
