"""Development keys, and tokens in every shape."""

import base64
import datetime
import hashlib
import hmac
import json
import ssl
import subprocess
import time
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from .processes import BIN, ROOT

AUDIENCE = "device-mgmt"
ISSUER = "https://issuer.example"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Keys:
    """A folder as scripts/lib/dev-keys makes it. `secrets` collects what must never be logged."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.credentials = self.folder / "credentials"
        self.secrets = set()
        self.make()
        self.private = (self.folder / "jwt-private" / "dev.key").read_text()
        self.public = (self.folder / "jwt" / "dev.pem").read_text()
        self.hmac_secret = hashlib.sha256(b"end-to-end").digest()
        (self.folder / "jwt" / "shared.secret").write_bytes(self.hmac_secret)
        self.credentials.touch(0o600)

    def make(self, *devices):
        subprocess.run([ROOT / "scripts" / "lib" / "dev-keys", self.folder, *devices], check=True)

    def token(self, device, kid="dev", algorithm="ES256", key=None, headers=None, **claims):
        """A good token for `device`; a claim given as None is left out."""
        body = {"sub": device, "exp": int(time.time()) + 600, "aud": AUDIENCE, "iss": ISSUER}
        body.update(claims)
        body = {name: value for name, value in body.items() if value is not None}
        header = {"kid": kid, **(headers or {})} if kid is not None else (headers or {})
        token = jwt.encode(body, key or self.private, algorithm=algorithm, headers=header)
        return self._secret(token)

    def signed(self, body):
        """A well-signed token with exactly this body, however odd."""
        return self._secret(jwt.api_jws.encode(json.dumps(body).encode(), self.private, "ES256",
                                               headers={"kid": "dev"}))

    def raw_token(self, header, body, signature=None, hmac_key=None):
        """Any three parts, signed with HMAC-SHA256 or with the given bytes."""
        parts = [part if isinstance(part, str) else base64url(json.dumps(part).encode())
                 for part in (header, body)]
        signed = ".".join(parts)
        if hmac_key is not None:
            signature = hmac.new(hmac_key, signed.encode(), "sha256").digest()
        return self._secret(f"{signed}.{base64url(signature or b'')}")

    def bearer(self, device, **options):
        return {"Authorization": f"Bearer {self.token(device, **options)}"}

    def add_credential(self, device):
        """The secret of a new line in the credentials file, told once by the program."""
        done = subprocess.run(
            [BIN / "device-mgmt", "credentials", "add", device,
             "--auth.credentials", self.credentials],
            check=True, capture_output=True, text=True)
        return self._secret(done.stdout.split()[-1])

    def basic(self, device, secret):
        pair = base64.b64encode(f"{device}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {self._secret(pair)}"}

    def tls(self, certificate_of=None):
        """A client's TLS context, with the certificate of a device if one is named."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if certificate_of:
            name = self.folder / "clients" / certificate_of
            context.load_cert_chain(f"{name}.pem", f"{name}.key")
        return context

    def revoke(self, *devices):
        """Writes into client-ca.pem, behind the CA, a list of these devices' certificates."""
        authority = (self.folder / "client-ca.pem").read_bytes().split(b"-----BEGIN X509 CRL", 1)[0]
        now = datetime.datetime.utcnow()
        crl = x509.CertificateRevocationListBuilder(
            x509.load_pem_x509_certificate(authority).subject, now,
            now + datetime.timedelta(days=1))
        for device in devices:
            certificate = x509.load_pem_x509_certificate(
                (self.folder / "clients" / f"{device}.pem").read_bytes())
            crl = crl.add_revoked_certificate(x509.RevokedCertificateBuilder(
                certificate.serial_number, now).build())
        key = serialization.load_pem_private_key(
            (self.folder / "client-ca.key").read_bytes(), None)
        signed = crl.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        written = self.folder / "client-ca.pem.new"
        written.write_bytes(authority + signed)
        written.rename(self.folder / "client-ca.pem")

    def _secret(self, text):
        if len(text) > 8:
            self.secrets.add(text)
        return text
