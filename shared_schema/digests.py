"""Digests of files, of JSON documents and of models.

A model has the same digest in the pipeline (over its zip) and on the device (over the unpacked folder).

The *content digest* of a component, which decides whether anything must be built, is the publisher's own.
"""

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from shared_schema.errors import UndigestibleModelError
from shared_schema.json_value import JsonValue
from shared_schema.names import digest_text

_CHUNK = 1 << 20


def sha256_of_stream(stream: IO[bytes]) -> str:
    """Return the SHA-256 of the rest of a binary stream, as 64 lower-case hexadecimal digits."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 lower-case hexadecimal digits."""
    with path.open("rb") as stream:
        return sha256_of_stream(stream)


def canonical_json(document: JsonValue) -> bytes:
    """Return the one text of a document, in UTF-8: sorted keys, no spaces, nothing escaped that need not be.

    Raises ``ValueError`` for NaN and infinities, which JSON lacks.
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_of_document(document: JsonValue) -> str:
    """Return the SHA-256 of a document's canonical bytes, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


def digest_of_entries(entries: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """The digest of a set of files, from each one's name and SHA-256 (hexadecimal), as a ``ModelDigest``.

    Names are relative, with ``/`` between; they are sorted bytewise in UTF-8. Each file counts as its name's
    length (8 bytes, big-endian), its name, and the 32 raw bytes of its SHA-256: no two sets of files can be
    written alike.

    Raises ``UndigestibleModelError`` for a name that is no UTF-8: it would be another one elsewhere.
    """
    pairs = list(entries.items() if isinstance(entries, Mapping) else entries)
    digest = hashlib.sha256()
    for name, sha256 in sorted((_utf8(name), sha256) for name, sha256 in pairs):
        digest.update(len(name).to_bytes(8, "big") + name + bytes.fromhex(sha256))
    return digest_text(digest.digest())


def _utf8(name: str) -> bytes:
    try:
        return name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        raise UndigestibleModelError(f"{shown}: the name is no UTF-8", "rename the file") from None


def model_digest_of_folder(folder: Path) -> str:
    """Return the model digest of an unpacked stem folder: over every file, hidden ones too.

    Raises ``UndigestibleModelError`` for a link or anything else that is neither file nor folder, before it
    is opened (a FIFO would hang the reader), and ``OSError`` for what cannot be read.
    """
    return digest_of_entries({name: sha256_of_file(path) for name, path in files_of_model(folder)})


def files_of_model(folder: Path) -> Iterator[tuple[str, Path]]:
    """Return the name and the path of every file of an unpacked stem folder. Raises as `model_digest_of_folder`."""
    for parent, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            relative = path.relative_to(folder).as_posix()
            if stat.S_ISREG(mode):
                yield relative, path
            elif not stat.S_ISDIR(mode):
                raise UndigestibleModelError(
                    f"{relative}: a model holds files and folders only, and this is neither",
                    "put the file itself in its place",
                )


def model_digest_of_zip(path: Path) -> str:
    """Return the model digest of a component's zip: equal to that of the folder that it unpacks to.

    Raises ``UndigestibleModelError`` for a link, a name that leaves the folder, or a name that is there twice, and
    ``zipfile.BadZipFile`` for a file that is no zip.
    """
    entries: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = info.filename
            if stat.S_ISLNK(info.external_attr >> 16):
                raise UndigestibleModelError(
                    f"{name}: is a link, and a model's zip holds files only", "put the file itself in its place"
                )
            if name.startswith("/") or ".." in name.split("/"):
                raise UndigestibleModelError(
                    f"{name}: leaves the folder that it is unpacked to", "give it a name inside"
                )
            if name in entries:
                raise UndigestibleModelError(f"{name}: is in the zip twice", "keep one of the two")
            with archive.open(info) as stream:
                entries[name] = sha256_of_stream(stream)
    return digest_of_entries(entries)
