"""Opens the sealed field of a report and checks what was in it; what is wrong is told without a word of it."""

from google.protobuf import json_format
from joserfc.jwk import OKPKey
from merchantcredit.events.v1.complainant_pb2 import ComplainantDetails

from services.common.auth import seals
from services.common.errors import invalid

_MOST = {"name": 100, "phone": 100, "identity_number": 64, "address": 300, "text": 10_000}


def open_seal(key: OKPKey, sealed: str) -> bytes:
    """Return the complainant's details, serialised; empty for no seal.

    Raises InvalidInput for a seal that does not open, or that holds something else than ComplainantDetails.
    """
    if not sealed:
        return b""
    details = _parsed(seals.unseal(key, sealed))
    for field, most in _MOST.items():
        if len(getattr(details, field)) > most:
            raise invalid(seals.FIELD, f"its {field} is longer than {most} characters: shorten it and seal again")
    return details.SerializeToString()


def _parsed(plain: bytes) -> ComplainantDetails:
    try:
        return json_format.Parse(plain, ComplainantDetails())
    except (json_format.ParseError, UnicodeDecodeError, RecursionError):
        pass  # the parser's own words may quote the complainant's: neither they nor their trace go on from here
    raise invalid(
        seals.FIELD, "it opens, but holds no JSON of ComplainantDetails: see the proto, or use merchant-credit seal"
    )
