"""Seals: what only credit may read travels as a compact JWE (RFC 7516) to its public key.

X25519 with ECDH-ES and A256GCM (RFC 8037, RFC 7518): the cheapest to open of what JOSE knows, since each sealed report is
opened at intake. `zip` is refused: a small seal could hold a text of any size.
"""

import base64
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import OKPKey

from services.common.errors import invalid

ALGORITHM, ENCRYPTION, CURVE = "ECDH-ES", "A256GCM", "X25519"
FIELD = "sealed_details"
_ALLOWED = [ALGORITHM, ENCRYPTION]


def derive(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose from a secret (HKDF, RFC 5869); other purposes tell nothing of them."""
    return HKDF(SHA256(), 32, salt=None, info=b"merchantcredit/" + purpose.encode()).derive(secret)


def private_key(secret: bytes) -> OKPKey:
    """Return the key that opens seals, derived from the complainants' secret: every process has the same one."""
    key = X25519PrivateKey.from_private_bytes(derive(secret, "seal/1"))
    plain: dict[str, str | list[str]] = {
        "kty": "OKP",
        "crv": CURVE,
        "d": _text(key.private_bytes_raw()),
        "x": _text(_public(key)),
    }
    return OKPKey.import_key({**plain, "kid": OKPKey.import_key(plain).thumbprint()})


def public_jwk(key: OKPKey) -> dict[str, str]:
    """Return the public part that producers seal to, as a JWK with its thumbprint (RFC 7638) as `kid`."""
    return {name: str(value) for name, value in key.as_dict(private=False).items()}


def import_public(jwk: Mapping[str, str]) -> OKPKey:
    """Return the key of a public JWK; raises InvalidInput when it is none of this curve, or a private one."""
    if jwk.get("crv") != CURVE or "d" in jwk:
        raise invalid("key", "give the public part of a key of curve X25519, never a private one")
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": CURVE, "x": jwk["x"]})
        return OKPKey.import_key({**key.as_dict(private=False), "kid": key.thumbprint()})
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise invalid("key", "give credit's public key, a JWK of curve X25519 as GetSealingKey answers it") from error


def seal(key: OKPKey, plain: bytes) -> str:
    """Return a text that only the holder of the private key can open."""
    header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": key.kid or key.thumbprint()}
    return jwe.encrypt_compact(header, plain, key, algorithms=_ALLOWED)


def unseal(key: OKPKey, sealed: str) -> bytes:
    """Return what was sealed; raises InvalidInput that says what is wrong and never what was in it."""
    try:
        return (
            jwe.decrypt_compact(sealed, lambda guest: _chosen(key, guest.headers()), algorithms=_ALLOWED).plaintext
            or b""
        )
    except InvalidKeyIdError as error:
        raise invalid(FIELD, f"it is sealed to another key than {key.kid}: get the key anew and seal again") from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        description = f"it does not open: seal with {ALGORITHM} and {ENCRYPTION}, without zip, to the key {key.kid}"
        raise invalid(FIELD, description) from error


def _chosen(key: OKPKey, headers: Mapping[str, object]) -> OKPKey:
    """Return our key for a seal that names it, or none; a seal may leave the name out."""
    if "zip" in headers:
        raise ValueError("compressed")
    if headers.get("kid") not in {None, key.kid}:
        raise InvalidKeyIdError
    return key


def _public(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
