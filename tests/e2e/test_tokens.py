"""Fifty ways to present a token that must not be accepted, and the few that must."""

import hashlib
import time

import jwt
import pytest
import websockets
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)
from harness.device import Device
from harness.keys import AUDIENCE, ISSUER, base64url

ME = "token-device"
NOW = int(time.time())
GOOD = {"sub": ME, "exp": NOW + 3600, "aud": AUDIENCE, "iss": ISSUER}


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


STRANGER = pem(ec.generate_private_key(ec.SECP256R1()))
STRANGER_RSA = pem(rsa.generate_private_key(65537, 2048))
STRANGER_P384 = pem(ec.generate_private_key(ec.SECP384R1()))


def header(**fields):
    return {"typ": "JWT", "alg": "ES256", "kid": "dev", **fields}


def tampered(keys, part, change):
    parts = keys.token(ME).split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def der_signature(keys):
    """The right signature in DER, as X.509 writes it, instead of the JWS form."""
    signed = keys.token(ME).rsplit(".", 1)[0]
    private = serialization.load_pem_private_key(keys.private.encode(), None)
    return f"{signed}.{base64url(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))}"


CLAIMS = {
    "expired": {"exp": NOW - 120},
    "expired long ago": {"exp": 1},
    "expires at zero": {"exp": 0},
    "negative exp": {"exp": -1},
    "no exp": {"exp": None},
    "exp as text": {"exp": str(NOW + 3600)},
    "exp as list": {"exp": [NOW + 3600]},
    "exp as bool": {"exp": True},
    "exp beyond all bounds": {"exp": 10**30},
    "not yet valid": {"nbf": NOW + 3600},
    "nbf as text": {"nbf": "tomorrow"},
    "wrong audience": {"aud": "somebody-else"},
    "no audience": {"aud": None},
    "audience of another case": {"aud": AUDIENCE.upper()},
    "audience list without ours": {"aud": ["a", "b"]},
    "empty audience list": {"aud": []},
    "audience as object": {"aud": {AUDIENCE: True}},
    "wrong issuer": {"iss": "https://other.example"},
    "no issuer": {"iss": None},
    "issuer as list": {"iss": [ISSUER]},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject as number": {"sub": 7},
    "subject as list": {"sub": [ME]},
    "subject with a wildcard": {"sub": "+"},
    "subject with a slash": {"sub": "a/b"},
    "subject too long": {"sub": "a" * 65},
    "subject with NUL": {"sub": ME + "\0"},
}

BAD = {
    **{name: (lambda keys, change=change: keys.signed(
        {claim: value for claim, value in {**GOOD, **change}.items() if value is not None}))
       for name, change in CLAIMS.items()},
    "alg none, no signature": lambda k: k.raw_token(header(alg="none"), GOOD),
    "alg None": lambda k: k.raw_token(header(alg="None"), GOOD),
    "alg none with a signature": lambda k: k.raw_token(header(alg="none"), GOOD, b"x" * 64),
    "no alg": lambda k: k.raw_token({"kid": "dev"}, GOOD, b"x" * 64),
    "alg as number": lambda k: k.raw_token(header(alg=256), GOOD, b"x" * 64),
    "HS256 with the public PEM": lambda k: k.raw_token(header(alg="HS256"), GOOD,
                                                       hmac_key=k.public.encode()),
    "HS256 with the stripped PEM": lambda k: k.raw_token(header(alg="HS256"), GOOD,
                                                         hmac_key=k.public.strip().encode()),
    "HS256 with an empty key": lambda k: k.raw_token(header(alg="HS256"), GOOD, hmac_key=b""),
    "ES256 claimed over the secret's kid": lambda k: k.raw_token(
        header(kid="shared"), GOOD, hmac_key=k.hmac_secret),
    "HS256 with a wrong secret": lambda k: k.raw_token(
        header(alg="HS256", kid="shared"), GOOD, hmac_key=hashlib.sha256(b"guess").digest()),
    "HS512 with the secret": lambda k: jwt.encode(GOOD, k.hmac_secret, "HS512", {"kid": "shared"}),
    "key of a stranger": lambda k: k.token(ME, key=STRANGER),
    "RS256 over an EC kid": lambda k: k.token(ME, key=STRANGER_RSA, algorithm="RS256"),
    "ES384 over a P-256 kid": lambda k: k.token(ME, key=STRANGER_P384, algorithm="ES384"),
    "unknown kid": lambda k: k.token(ME, kid="nobody"),
    "no kid with several keys": lambda k: k.token(ME, kid=None),
    "kid with a path": lambda k: k.token(ME, kid="../jwt/dev"),
    "kid with an absolute path": lambda k: k.token(ME, kid=str(k.folder / "jwt" / "dev")),
    "kid of a device file": lambda k: k.token(ME, kid="../../../../dev/null"),
    "kid with a URL": lambda k: k.token(ME, kid="https://evil.example/key.pem"),
    "kid with SQL": lambda k: k.token(ME, kid="x' OR '1'='1"),
    "kid with a suffix": lambda k: k.token(ME, kid="dev.pem"),
    "kid with NUL": lambda k: k.token(ME, kid="dev\0"),
    "kid as number": lambda k: k.raw_token(header(kid=1), GOOD, b"x" * 64),
    "jwk in the header": lambda k: k.token(ME, kid="x", key=STRANGER,
                                           headers={"jwk": {"kty": "EC"}, "jku": "https://e.example"}),
    "crit": lambda k: k.token(ME, headers={"crit": ["exp2"], "exp2": 1}),
    "signature cut": lambda k: tampered(k, 2, lambda part: part[:-4]),
    "signature empty": lambda k: tampered(k, 2, lambda part: ""),
    "signature of zeros": lambda k: tampered(k, 2, lambda part: base64url(bytes(64))),
    "signature in DER": der_signature,
    "payload changed": lambda k: tampered(k, 1, lambda part: base64url(b'{"sub":"root"}')),
    "payload no JSON": lambda k: k.raw_token(header(), base64url(b"nonsense"), b"x" * 64),
    "header no JSON": lambda k: k.raw_token("!!!!", GOOD, b"x" * 64),
    "standard base64 with padding": lambda k: tampered(k, 2, lambda part: part + "=="),
    "two parts": lambda k: k.token(ME).rsplit(".", 1)[0],
    "four parts": lambda k: k.token(ME) + ".x",
    "five parts, as encrypted ones": lambda k: "a.b.c.d.e",
    "only dots": lambda k: "..",
    "blanks inside": lambda k: k.token(ME).replace(".", " ."),
    "oversized": lambda k: k.token(ME, filler="x" * 9000),
}


@pytest.mark.parametrize("variant", BAD)
def test_a_bad_token_is_refused_with_401(server, keys, variant):
    with pytest.raises(websockets.InvalidStatusCode) as caught:
        Device(server, ME, headers={"Authorization": "Bearer " + BAD[variant](keys)})
    assert caught.value.status_code == 401


def test_a_huge_token_is_refused_before_a_session_exists(server, keys):
    token = keys.token(ME, filler="x" * 100_000)
    with pytest.raises((websockets.InvalidStatusCode, websockets.InvalidMessage, ConnectionError)):
        Device(server, ME, headers={"Authorization": "Bearer " + token})
    assert server.metric("dm_sessions") == 0


GOOD_VARIANTS = {
    "ES256": lambda k: k.token(ME),
    "HS256 with the shared secret": lambda k: k.token(ME, kid="shared", algorithm="HS256",
                                                      key=k.hmac_secret),
    "audience list with ours": lambda k: k.token(ME, aud=["other", AUDIENCE]),
    "expired within the skew": lambda k: k.token(ME, exp=int(time.time()) - 20),
    "valid soon, within the skew": lambda k: k.token(ME, nbf=int(time.time()) + 20),
    "groups": lambda k: k.token(ME, groups=["kitchen", "first-floor"]),
    "unknown claims": lambda k: k.token(ME, anything={"a": [1, None]}),
}


@pytest.mark.parametrize("variant", GOOD_VARIANTS)
def test_a_good_token_is_accepted(connect, keys, variant):
    connect(ME, headers={"Authorization": "Bearer " + GOOD_VARIANTS[variant](keys)})


def test_there_are_at_least_fifty_bad_variants():
    assert len(BAD) >= 50
