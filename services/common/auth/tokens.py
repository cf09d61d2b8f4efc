"""Tokens: who a caller is, signed with Ed25519 by the platform's key (JWS, RFC 7515; Ed25519, RFC 9864)."""

import time
from functools import lru_cache
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.common.auth.actor import Actor, Role
from services.common.errors import Unauthenticated

ALGORITHM = "Ed25519"
ISSUER = "merchantcredit"


def make_key(path: Path) -> None:
    """Write a new private key, readable by its owner only; keeps one that is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))


def issue(key: OKPKey, actor: Actor, *, seconds: int) -> str:
    """Return a signed token for an actor that holds for so many seconds."""
    claims = {
        "iss": ISSUER,
        "sub": actor.subject,
        "office": actor.office,
        "roles": sorted(actor.roles),
        "exp": int(time.time()) + seconds,
    }
    return jwt.encode({"alg": ALGORITHM}, claims, key, algorithms=[ALGORITHM])


def load_key(path: Path) -> OKPKey:
    """Read a key."""
    return OKPKey.import_key(path.read_bytes())


class Verifier:
    """Checks tokens against the platform's public key; remembers those it has checked until they end."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self._checked = lru_cache(maxsize=4096)(self._check)

    def actor(self, token: str) -> Actor:
        """Return the actor of a token; raises Unauthenticated when it is not ours, altered or over."""
        actor, expires = self._checked(token)
        if time.time() >= expires:
            raise Unauthenticated("the token is over: ask for a new one")
        return actor

    def _check(self, token: str) -> tuple[Actor, int]:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            if claims["iss"] != ISSUER:
                raise Unauthenticated("the token is of another issuer")
            roles = frozenset(Role(role) for role in claims["roles"])
            return Actor(subject=claims["sub"], office=claims["office"], roles=roles), int(claims["exp"])
        except (JoseError, KeyError, ValueError) as error:
            raise Unauthenticated("the token is not valid: send `authorization: Bearer <token>`") from error
