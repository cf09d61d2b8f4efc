"""How a document lies in tantivy: token fields that are only searched, a version to compare, and a payload to show."""

import tantivy

from services.search.adapters import payload
from services.search.domain.document import Document
from services.search.domain.name_keys import name_keys

#: Raise it when the fields or the keys change: an index of another version is rebuilt beside the one in use.
SCHEMA_VERSION = 1
TOKENS = "tokens"
LONGEST_CODE_PREFIX = 10
#: Fields that hold one token, and fields that hold many, joined by blanks.
SINGLE = ("code", "exact", "core", "grade")
MANY = ("code_prefix", "region", "grams", "starts", "sounds", "initials")
#: Fields whose frequencies are kept, because names that are only like the text are ranked by them.
RANKED = ("grams", "sounds")


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


def to_tantivy(document: Document) -> tantivy.Document:
    """Return the document as tantivy takes it."""
    keys = name_keys(document.name)
    made = tantivy.Document()
    for field, token in (("code", document.credit_code), ("exact", keys.exact), ("core", keys.core)):
        made.add_text(field, token)
    made.add_text("grade", document.grade)
    made.add_text("code_prefix", prefixes(document.credit_code, LONGEST_CODE_PREFIX))
    made.add_text("region", prefixes(document.region_code, len(document.region_code)))
    for field, tokens in (("grams", keys.grams), ("starts", keys.starts), ("sounds", keys.sounds)):
        made.add_text(field, " ".join(tokens))
    made.add_text("initials", " ".join(keys.initials))
    made.add_unsigned("version", document.version)
    made.add_bytes("payload", payload.dump(document))
    return made


def from_tantivy(found: tantivy.Document) -> Document:
    """Return the document of a hit."""
    return payload.load(bytes(found.get_first("payload") or b""))


def prefixes(text: str, longest: int) -> str:
    """Return the beginnings of a text up to a length, as tokens."""
    return " ".join(text[:length] for length in range(1, min(longest, len(text)) + 1))
