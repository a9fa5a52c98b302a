"""Files encrypted with AES-256-GCM in chunks, whose order, end and name are authenticated with each of them.

A file is a header and chunks. The header is `MAGIC` and a random salt of 16 bytes; the file's own key is derived from
the backup's by HKDF-SHA256 with it. A chunk is up to CHUNK bytes, encrypted, and the tag of 16. Its nonce is its number
(11 bytes) and whether it is the last (1 byte); what is authenticated beside it is the header and the file's name. So a
chunk that is missing, doubled, at another place, of another file, or cut off at the end, does not open.
"""

from __future__ import annotations

import os
import re
from typing import IO, TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["KEY_VARIABLE", "backup_key", "seal", "unsealed"]

KEY_VARIABLE = "PENSTOCK_BACKUP_KEY"

MAGIC = b"PENSTOCK-SEALED1"
SALT_BYTES = 16
CHUNK = 1 << 20
TAG_BYTES = 16


def backup_key() -> bytes:
    """The key in the environment, 32 bytes. Raises ConfigError where there is none, or it is no key."""
    text = os.environ.get(KEY_VARIABLE, "").strip()
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ConfigError(
            f"{KEY_VARIABLE} is no key: it has to be 64 hexadecimal digits"
            if text
            else f"the environment has no key for backups, {KEY_VARIABLE}",
            code="backup-key",
            hint=f"export {KEY_VARIABLE}=$(openssl rand -hex 32), and keep it elsewhere than the backup",
        )
    return bytes.fromhex(text)


def seal(key: bytes, name: str, chunks: Iterator[bytes], target: IO[bytes]) -> None:
    """Write all of `chunks` to `target`, encrypted, under the file's `name`. Raises OSError."""
    header = MAGIC + os.urandom(SALT_BYTES)
    target.write(header)
    cipher, beside = _cipher(key, header), header + name.encode()
    number, waiting = 0, b""
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > CHUNK:
            target.write(cipher.encrypt(_nonce(number, last=False), waiting[:CHUNK], beside))
            waiting, number = waiting[CHUNK:], number + 1
    target.write(cipher.encrypt(_nonce(number, last=True), waiting, beside))


def unsealed(key: bytes, name: str, path: Path) -> Iterator[bytes]:
    """What was sealed under `name`, in chunks. Raises StorageError at the first that is not as it was written."""
    with path.open("rb") as source:
        header = source.read(len(MAGIC) + SALT_BYTES)
        if not header.startswith(MAGIC) or len(header) < len(MAGIC) + SALT_BYTES:
            raise _changed(path)
        cipher, beside = _cipher(key, header), header + name.encode()
        number, chunk = 0, source.read(CHUNK + TAG_BYTES)
        while chunk or not number:
            following = source.read(CHUNK + TAG_BYTES)
            yield _opened(cipher, _nonce(number, last=not following), chunk, beside, path)
            chunk, number = following, number + 1


def _opened(cipher: Any, nonce: bytes, chunk: bytes, beside: bytes, path: Path) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        plain: bytes = cipher.decrypt(nonce, chunk, beside)
    except (InvalidTag, ValueError):  # ValueError: too short to have a tag
        raise _changed(path) from None
    return plain


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cipher(key: bytes, header: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, header[len(MAGIC) :], b"penstock backup").derive(key))


def _changed(path: Path) -> StorageError:
    return StorageError(
        f"'{path.name}' does not open: {KEY_VARIABLE} is not the key of this backup, or the file was changed",
        code="backup-sealed",
        where=str(path),
        hint="nothing was written: give the key that the backup was made with, or use another backup",
    )
