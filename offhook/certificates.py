"""The certificate of HTTPS and SIP over TLS: given by the administrator, or made by us.

When its files change, new connections get the new one; nothing is restarted and no connection is cut.
"""

import datetime
import logging
import os
import socket
import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

logger = logging.getLogger(__name__)

_LIFETIME = datetime.timedelta(days=820)  # Apple's systems take nothing beyond 825 days
_RENEW_BEFORE = datetime.timedelta(days=30)


class CertificateError(Exception):
    """Why a certificate cannot be used, as a sentence."""


class Certificate:
    """A certificate and its key on disk, and a TLS context that always serves what is there now.

    Give `context` to every listener once. `refresh`, called now and then, looks at the files.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._stamp = self._look()
        self._current = self._load()
        self.context = self._load()
        # Asked at each handshake, named host or not. Loading a second certificate into a context
        # would keep the first beside it when their kinds of key differ.
        self.context.sni_callback = self._choose

    def refresh(self) -> bool:
        """Load the files again if they have changed; what cannot be used leaves the old one in place."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._current = self._load()
        except CertificateError as error:  # often half-way through being copied: the next look will do
            logger.warning("certificate %s: %s; the former one stays in use", self._certificate, error)
            return False
        logger.info("certificate %s: loaded again, %.0f days left", self._certificate, self.days_left())
        return True

    def days_left(self) -> float:
        """Days until it expires; negative when it has. For /metrics."""
        return _left(_read(self._certificate)) / datetime.timedelta(days=1)

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._certificate, self._key)
        except FileNotFoundError as error:
            missing = self._certificate if not self._certificate.exists() else self._key
            raise CertificateError(f"{missing} does not exist") from error
        except ssl.SSLError as error:
            raise CertificateError(
                f"{self._certificate} and {self._key} cannot be used together: {error.reason or error}"
            ) from error
        except OSError as error:
            raise CertificateError(f"{self._certificate} or {self._key} cannot be read: {error}") from error
        return context

    def _look(self) -> tuple[tuple[int, int], ...]:
        try:
            return tuple(
                (status.st_mtime_ns, status.st_ino) for status in map(os.stat, (self._certificate, self._key))
            )
        except OSError:
            return ()


def own_certificate(directory: Path, names: Iterable[str]) -> Certificate:
    """The one we made for these names and addresses; made now if there is none that fits or lasts."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    wanted = sorted(set(names))
    if not _fits(certificate, wanted) or not key.exists():
        _make(certificate, key, wanted)
        logger.info("certificate %s: made for %s", certificate, ", ".join(wanted))
    return Certificate(certificate, key)


def names_of_this_machine() -> list[str]:
    """What our own certificate is good for without being told; nothing here may wait for DNS."""
    return sorted({"localhost", "127.0.0.1", "::1", socket.gethostname()})


def _fits(certificate: Path, names: list[str]) -> bool:
    try:
        found = _read(certificate)
        kept = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (CertificateError, x509.ExtensionNotFound):
        return False
    return set(names) <= {str(name.value) for name in kept} and _left(found) > _RENEW_BEFORE


def _make(certificate: Path, key: Path, names: list[str]) -> None:
    """Self-signed, with an EC key: its handshakes cost half of what RSA's do."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Offhook")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # phones' clocks are seldom right
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.parent.mkdir(parents=True, exist_ok=True)
    _write(
        key,
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        mode=0o600,
    )
    _write(certificate, signed.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, data: bytes, *, mode: int) -> None:
    """In place of the old file, at once and never readable by others."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    new.replace(path)


def _read(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"{certificate} cannot be read: {error}") from error


def _left(certificate: x509.Certificate) -> datetime.timedelta:
    return certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
