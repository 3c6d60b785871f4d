"""Making parcels of what is to be sent, compared with its own manifest first."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crc_core.files.atomic import read_bytes, sha256_of
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import MANIFEST_NAME, MANIFEST_SCHEMA, Manifest, SealedFile, SealedFolder, open_as
from crc_core.store.images import image_files
from crc_core.store.remote.upload import Parcel


def parcel_of_sealed(sealed: SealedFolder) -> Parcel:
    """A sealed reading or final; raises CrcError where a file was altered since it was sealed."""
    whole = open_as(sealed.folder, sealed.sha256)
    files = {name: whole.folder / name for name in sorted(whole.manifest.files)}
    sizes = {name: whole.manifest.files[name].bytes for name in files}
    return Parcel(whole.sha256, read_bytes(whole.folder / MANIFEST_NAME), files, sizes)


def parcel_of_images(folder: Path) -> Parcel:
    """The DICOM files of a series under neutral names, in their order."""
    files = {f"{number:05d}.dcm": path for number, path in enumerate(image_files(folder), start=1)}
    listed = {name: SealedFile(sha256_of(path), path.stat().st_size) for name, path in files.items()}
    manifest = canonical_bytes(to_document(Manifest(MANIFEST_SCHEMA, listed)))
    sizes = {name: entry.bytes for name, entry in listed.items()}
    return Parcel(hashlib.sha256(manifest).hexdigest(), manifest, files, sizes)
