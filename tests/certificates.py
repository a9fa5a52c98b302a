"""Certificates for servers that tests start."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from penstock.core.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path


_PEM, _PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()


def certify(folder: Path) -> Path:
    """The path of a certificate of this machine that has signed itself, in `folder`; beside it own.key, its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("penstock")
    _write(folder, "own", _begun(name, name, key, ["localhost", "127.0.0.1"]).sign(key, hashes.SHA256()), key)
    return folder / "own.pem"


class Authority:
    """An authority of its own; `certificate` is the path of what those have to trust who trust it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named("an authority")
        begun = _begun(self._name, self._name, self._key, [])
        own = begun.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate, _ = _write(folder, "authority", own.sign(self._key, hashes.SHA256()), self._key)

    def certify(self, name: str, hosts: list[str]) -> tuple[Path, Path]:
        """The paths of a certificate for `hosts` that it has signed, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _begun(self._name, _named(hosts[0]), key, hosts).sign(self._key, hashes.SHA256())
        return _write(self._folder, name, made, key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey, hosts: list[str]
) -> x509.CertificateBuilder:
    """A certificate for a day, to be signed by its issuer."""
    now = dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, dt.UTC)
    begun = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
    names = [_host(host) for host in hosts]
    return begun.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else begun


def _host(host: str) -> x509.GeneralName:
    if host[0].isdigit():
        return x509.IPAddress(ipaddress.ip_address(host))
    return x509.DNSName(host)


def _write(folder: Path, name: str, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(_PEM))
    paths[1].write_bytes(key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN))
    return paths
