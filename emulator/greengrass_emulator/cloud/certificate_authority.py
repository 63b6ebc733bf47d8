"""The emulator's certificate authority: the "Amazon root" of its servers, which also signs the devices' certificates.

Each cloud has a new one; its key never leaves the process. Devices get RSA keys, as from AWS IoT.
"""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 365


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """The files that a TLS server needs: its certificate and key, and the root of the devices' certificates."""

    certificate_path: Path
    key_path: Path
    root_path: Path


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """A device's certificate and keys, PEM."""

    certificate: str
    private_key: str
    public_key: str


class CertificateAuthority:
    """Signs for one cloud."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MLOps@Edge emulator root")])
        self._root = (
            self._begin(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def root(self) -> str:
        """The root certificate, PEM."""
        return self._root.public_bytes(serialization.Encoding.PEM).decode()

    def write_server_identity(self, folder: Path) -> ServerIdentity:
        """Write a certificate for localhost and 127.0.0.1, and its key, which only the owner can read."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        certificate = (
            self._begin(subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        identity = ServerIdentity(folder / "server.cert.pem", folder / "server.key.pem", folder / "root.ca.pem")
        identity.certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        identity.key_path.touch(mode=0o600)
        identity.key_path.write_text(_private(key))
        identity.root_path.write_text(self.root)
        return identity

    def issue_device_identity(self) -> DeviceIdentity:
        """Return a new key and its certificate. As in AWS IoT, only the account knows the certificate's thing."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])
        certificate = (
            self._begin(subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return DeviceIdentity(
            certificate.public_bytes(serialization.Encoding.PEM).decode(), _private(key), public.decode()
        )

    def _begin(self, subject: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=_DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    # AWS IoT gives out the traditional form ("BEGIN RSA PRIVATE KEY"), which every client reads.
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
