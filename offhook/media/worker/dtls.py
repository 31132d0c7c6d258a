"""DTLS-SRTP, RFC 5764: the passive side of one handshake over bytes, and the worker's certificate.

Whether the peer is who its SDP said is for `is_named` to tell; until then the keys
are nobody's and no sound may move. OpenSSL times its own flights, so the one
thing here that looks at a clock is `tick`.
"""

import datetime
import hmac
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from offhook.media.worker.srtp import PROFILES, SUITES, Shield

MTU = 1200
_LABEL = b"EXTRACTOR-dtls_srtp"
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}


class Identity:
    """The worker's certificate, made at start and never kept."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "offhook")])
        today = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        self.key = key
        self.certificate = certificate
        self.fingerprint = fingerprint(certificate, "sha-256")
        context = SSL.Context(SSL.DTLS_SERVER_METHOD)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _anybody)
        context.set_tlsext_use_srtp(":".join(PROFILES).encode())
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_QUERY_MTU)
        self.context = context


def fingerprint(certificate: x509.Certificate, digest: str) -> str:
    """As SDP writes it, RFC 8122: `sha-256 AB:CD:…`."""
    return f"{digest} {certificate.fingerprint(_DIGESTS[digest]).hex(':').upper()}"


def is_named(certificate: x509.Certificate | None, wanted: str) -> bool:
    """Whether a certificate is the one a fingerprint in SDP stands for."""
    digest, _, value = wanted.partition(" ")
    if certificate is None or digest.lower() not in _DIGESTS:
        return False
    ours = fingerprint(certificate, digest.lower()).partition(" ")[2]
    return hmac.compare_digest(ours.encode(), value.strip().upper().encode())


class Handshake:
    """One handshake as the server; datagrams in, datagrams out."""

    def __init__(self, identity: Identity) -> None:
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_ciphertext_mtu(MTU)
        self._connection.set_accept_state()
        self.certificate: x509.Certificate | None = None  # the peer's, when the handshake has ended

    @property
    def done(self) -> bool:
        return self.certificate is not None

    def receive(self, datagram: bytes) -> list[bytes]:
        """What to send back. Raises SSL.Error when the handshake has failed for good."""
        connection = self._connection
        connection.bio_write(datagram)
        try:
            if self.certificate is None:
                connection.do_handshake()
                self.certificate = connection.get_peer_certificate(as_cryptography=True)
            else:  # the peer did not get our last flight and repeats its own
                connection.recv(2048)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            pass
        return list(self._flight())

    def tick(self) -> list[bytes]:
        """Our last flight again when nothing came back in time (RFC 6347 §4.2.4)."""
        self._connection.DTLSv1_handle_timeout()
        return list(self._flight())

    def shield(self) -> Shield:
        """Keys for SRTP, RFC 5764 §4.2. Raises ValueError when no profile was agreed."""
        suite = PROFILES.get(self._connection.get_selected_srtp_profile().decode())
        if suite is None:
            raise ValueError("DTLS without an SRTP profile")
        _, key, salt = SUITES[suite]
        material = self._connection.export_keying_material(_LABEL, 2 * (key + salt))
        client = material[:key] + material[2 * key : 2 * key + salt]
        server = material[key : 2 * key] + material[2 * key + salt :]
        return Shield(suite, ours=server, theirs=client)

    def _flight(self) -> Iterator[bytes]:
        written = b""
        try:
            while True:
                written += self._connection.bio_read(65536)
        except SSL.WantReadError:
            return datagrams(written)


def datagrams(written: bytes) -> Iterator[bytes]:
    """What OpenSSL wrote into memory, which knows no boundaries, cut between records."""
    begun = at = 0
    while at + 13 <= len(written):
        end = at + 13 + int.from_bytes(written[at + 11 : at + 13], "big")
        if at > begun and end - begun > MTU:
            yield written[begun:at]
            begun = at
        at = end
    if begun < len(written):
        yield written[begun:]


def _anybody(*_: object) -> bool:
    """Certificates are self-signed; the fingerprint decides."""
    return True
