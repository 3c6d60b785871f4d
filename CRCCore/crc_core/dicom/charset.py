"""Text of DICOM elements: what the file declares, and what scanners in China write without declaring it.

Source: DICOM PS3.3 C.12.1.1.2 (specific character set), PS3.5 section 6.1 and annexes H to K.
"""

from __future__ import annotations

import re

_UTF8_OR_GB = (b"ISO_IR 192", b"GB18030", b"GBK")
_UNDECLARED = (b"", b"ISO_IR 6", b"ISO_IR 100")


def decode_text(value: bytes, declared: bytes) -> str:
    """The text of `value`, whose file declares the character sets `declared` (the raw element 0008,0005).

    Never fails: bytes that fit no character set come back as replacement characters.
    """
    value = value.strip(b"\0 ")
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    sets = declared.strip(b"\0 ")
    if sets in _UTF8_OR_GB:
        return _decode_first(value, ("utf-8", "gb18030") if sets == b"ISO_IR 192" else ("gb18030", "utf-8"))
    if sets in _UNDECLARED:
        # Declared as Latin or not at all, yet written by a Chinese console: the bytes tell.
        if _is_utf8(value):
            return value.decode("utf-8")
        if _is_gb2312(value):
            return value.decode("gb18030", "replace")
        return value.decode("latin-1")
    return _decode_by_pydicom(value, sets)


def _decode_first(value: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode(encodings[0], "replace")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_gb2312(value: bytes) -> bool:
    """Whether all bytes above 0x7F come in pairs of the zone of Chinese characters of GB 2312."""
    high = False
    for byte in value:
        if high:
            if not 0xA1 <= byte <= 0xFE:
                return False
            high = False
        elif byte >= 0x80:
            if not 0xA1 <= byte <= 0xF7:
                return False
            high = True
    return not high


def _decode_by_pydicom(value: bytes, sets: bytes) -> str:
    import warnings

    from pydicom.charset import convert_encodings, decode_bytes

    names = [part.strip() for part in sets.decode("ascii", "replace").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of what it cannot decode and then replaces it, as we want
        try:
            text = str(decode_bytes(value, convert_encodings(names), {"\\", "=", "^"}))
        except (LookupError, ValueError):
            return value.decode("latin-1")
    # Designations of a character set (ISO 2022) that the decoder leaves in the text are no part of it.
    return re.sub("\x1b[ -/]+[0-~]", "", text)
