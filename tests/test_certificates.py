"""Certificates are made when there is none, and changed under running listeners."""

import asyncio
import os
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from offhook.certificates import Certificate, CertificateError, names_of_this_machine, own_certificate

NAMES = ["pbx.example", "localhost", "127.0.0.1", "::1"]


async def served(context: ssl.SSLContext, *, host: str = "", trusted: Path | None = None) -> bytes:
    """The certificate that a new connection is shown, as DER."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    client = ssl.create_default_context(cafile=trusted)
    client.check_hostname = trusted is not None
    client.verify_mode = ssl.CERT_REQUIRED if trusted else ssl.CERT_NONE
    port = server.sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=host)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    server.close()
    assert isinstance(shown, bytes)
    return shown


def on_disk(path: Path) -> bytes:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("host", ["pbx.example", "localhost", "127.0.0.1"])
async def test_our_own_certificate_is_good_for_every_name_it_was_made_for(tmp_path: Path, host: str) -> None:
    own = own_certificate(tmp_path, NAMES)
    assert await served(own.context, host=host, trusted=tmp_path / "certificate.pem")
    assert 800 < own.days_left() < 825


async def test_our_own_certificate_is_kept_over_starts(tmp_path: Path) -> None:
    own_certificate(tmp_path, NAMES)
    before = on_disk(tmp_path / "certificate.pem")
    own_certificate(tmp_path, NAMES[:2])
    assert on_disk(tmp_path / "certificate.pem") == before


async def test_a_new_name_makes_a_new_certificate(tmp_path: Path) -> None:
    own_certificate(tmp_path, NAMES)
    own = own_certificate(tmp_path, [*NAMES, "new.example"])
    assert await served(own.context, host="new.example", trusted=tmp_path / "certificate.pem")


def test_nobody_else_may_read_the_key(tmp_path: Path) -> None:
    own_certificate(tmp_path, NAMES)
    assert stat.S_IMODE(os.stat(tmp_path / "key.pem").st_mode) == 0o600


@pytest.mark.parametrize("host", ["", "pbx.example"])
async def test_changed_files_are_served_to_new_connections(tmp_path: Path, host: str) -> None:
    own = own_certificate(tmp_path / "a", NAMES)
    own_certificate(tmp_path / "b", NAMES)
    assert not own.refresh()
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / "b" / name).replace(tmp_path / "a" / name)
    assert own.refresh()
    assert await served(own.context, host=host) == on_disk(tmp_path / "a" / "certificate.pem")


async def test_an_rsa_certificate_takes_the_place_of_ours_for_connections_without_a_name(
    tmp_path: Path,
) -> None:
    own = own_certificate(tmp_path, NAMES)
    write_rsa(tmp_path)
    assert own.refresh()
    assert await served(own.context) == on_disk(tmp_path / "certificate.pem")


async def test_files_that_do_not_fit_together_leave_the_old_certificate_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = own_certificate(tmp_path, NAMES)
    before = on_disk(tmp_path / "certificate.pem")
    key = (tmp_path / "key.pem").read_bytes()
    write_rsa(tmp_path)
    (tmp_path / "key.pem").write_bytes(key)
    assert not own.refresh()
    assert await served(own.context) == before
    assert "the former one stays in use" in caplog.text


@pytest.mark.parametrize("present", [[], ["certificate.pem"], ["key.pem"]])
def test_missing_files_are_named(tmp_path: Path, present: list[str]) -> None:
    own_certificate(tmp_path, NAMES)
    for name in {"certificate.pem", "key.pem"} - set(present):
        (tmp_path / name).unlink()
    with pytest.raises(CertificateError, match="does not exist"):
        Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")


def test_this_machine_answers_to_loopback() -> None:
    assert {"localhost", "127.0.0.1", "::1"} <= set(names_of_this_machine())


def write_rsa(directory: Path) -> None:
    own = x509.load_pem_x509_certificate((directory / "certificate.pem").read_bytes())
    key = rsa.generate_private_key(65537, 2048)
    signed = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(own.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    (directory / "certificate.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
