"""TLS: the certificate that the project's settings name."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["certificate_of"]


def certificate_of(folder: Path, certificate: str | None, key: str | None) -> tuple[Path, Path] | None:
    """The files of both, from `folder` on; None where neither is named.

    Raises ConfigError where one is missing, cannot be read, or does not fit the other.
    """
    where = f"{folder / 'penstock.toml'}, [server]"
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError("certificate and key are named together, or neither", code="serve-certificate", where=where)
    files = folder / certificate, folder / key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files, lambda: "")
    except ssl.SSLError as error:
        raise ConfigError(
            f"{certificate} and {key} are no certificate and its key: {error.reason or error}",
            code="serve-certificate",
            where=where,
            hint="both are PEM files, the key without a password",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{certificate} or {key} cannot be read: {error.strerror}", code="serve-certificate", where=where
        ) from None
    return files
