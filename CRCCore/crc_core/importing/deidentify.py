"""Makes a new data set of what may be kept of another; what is not listed is never copied.

Source: DICOM PS3.15 annex E; the rules are `data/deidentification.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.importing.descriptors import Descriptors
from crc_core.importing.identity_terms import IdentityTerms, TermCollector, raw_text
from crc_core.importing.private import SafePrivate
from crc_core.importing.pseudonyms import Pseudonyms, read_date
from crc_core.importing.rules import DeidentificationRules, Treatment, profile_actions
from crc_core.importing.values import (
    BINARY_VRS,
    TEXT_VRS,
    binary_value,
    capped_age,
    shifted_date,
    shifted_datetime,
    valid_code,
    valid_sex,
    valid_text,
    valid_time,
)

_DEEPEST = 8
_CHARSET, _PIXELS = 0x00080005, 0x7FE00010
_STUDY_DATE, _BIRTH_DATE, _SERIES_UID = 0x00080020, 0x00100030, 0x0020000E
_FRAMES = frozenset((0x52009229, 0x52009230))
_AGE, _SEX = 0x00101010, 0x00100040
_TYPE_2 = ("PatientSex", "StudyDate", "StudyTime", "Manufacturer")
_OVERLAY_BIT_POSITION = 0x60000102
_SOP_CLASS, _AGENT = 0x00080016, 0x00180010
_SET_ANEW = {_SOP_CLASS: "", 0x00100010: "replaced:case code", 0x00100020: "replaced:case code", _AGE: "checked:age"}
"""Elements that every file gets whatever the original said, and how the log calls it."""

_CODE_VALUE, _CODE_SCHEME, _CODE_MEANING = 0x00080100, 0x00080102, 0x00080104


@dataclass(frozen=True)
class Subject:
    """Who the patient becomes: the case code and by how many days the dates move back."""

    case: str
    shift_days: int


@dataclass(frozen=True)
class Change:
    """One kind of change: the rule and the attribute, never a value."""

    rule: str
    attribute: str


class Deidentifier:
    """De-identifies the data sets of one series; `changes` counts what was done."""

    def __init__(
        self, rules: DeidentificationRules, pseudonyms: Pseudonyms, subject: Subject, series_uid: str | None = None
    ) -> None:
        self._rules = rules
        self._pseudonyms = pseudonyms
        self._subject = subject
        self._series_uid = series_uid
        self._treatments: Mapping[int, Treatment] = rules.treatments()
        self._profile = profile_actions()
        self._descriptors = Descriptors(rules)
        self._agents = Descriptors(rules, rules.agent_patterns)
        self._terms = TermCollector(rules)
        self._private = SafePrivate(rules)
        self.changes: Counter[Change] = Counter()

    def clean(self, source: Any) -> Any:
        """A new data set without file meta and without pixel data; `source` (pydicom) stays as it is."""
        declared = raw_text(source, _CHARSET, b"").encode("ascii", "replace")
        target = self._copy(source, declared, self._terms.collect(source), 0)
        self._set_identity(source, target)
        return target

    def _copy(self, source: Any, declared: bytes, terms: IdentityTerms, depth: int) -> Any:
        from pydicom.dataset import Dataset

        target = Dataset()
        safe = self._private.copy(source, target, terms)
        for element in list(source.elements()):
            tag = int(element.tag)
            if tag in safe or tag == _PIXELS or (tag == _CHARSET and depth == 0):
                continue
            if depth == 0 and tag in _SET_ANEW:
                self._count(_SET_ANEW[tag], tag)
                continue
            treatment = self._treatments.get(tag)
            if treatment is None or (treatment is Treatment.CODE and depth == 0):
                self._count(_removal(self._profile.get(tag), tag), tag)
            elif not self._take(source, target, tag, treatment, declared, terms, depth):
                self._count("emptied" if treatment is Treatment.EMPTY else f"dropped:{treatment.value}", tag)
        _replace_meanings(target, self._rules.codes.designators)
        return target

    def _take(
        self,
        source: Any,
        target: Any,
        tag: int,
        treatment: Treatment,
        declared: bytes,
        terms: IdentityTerms,
        depth: int,
    ) -> bool:
        """Copy one listed element in its new form; whether anything is left of it."""
        vr = _vr(tag, source)
        if vr == "SQ":
            return self._take_sequence(source, target, tag, declared, terms, depth)
        if vr in BINARY_VRS:
            value = binary_value(source[tag]) if source[tag].VR in BINARY_VRS else None
        else:
            value = self._text(tag, vr, raw_text(source, tag, declared), treatment, terms)
        if value is None:
            return False
        target.add_new(tag, vr, value)
        return True

    def _take_sequence(
        self, source: Any, target: Any, tag: int, declared: bytes, terms: IdentityTerms, depth: int
    ) -> bool:
        if depth >= _DEEPEST or source[tag].VR != "SQ":
            return False
        items = [self._copy(item, declared, terms, depth + 1) for item in source[tag].value]
        if tag not in _FRAMES:  # an item stands for a frame there, and its place in the row must not change
            items = [item for item in items if len(item)]
        if not items:
            return False
        target.add_new(tag, "SQ", items)
        return True

    def _text(self, tag: int, vr: str, text: str, treatment: Treatment, terms: IdentityTerms) -> Any:
        text = text.strip("\0 ")
        if treatment is Treatment.EMPTY:
            return None
        if treatment is Treatment.UID:
            return self._uid(tag, text)
        if treatment in (Treatment.DATE, Treatment.TIME):
            return self._moment(tag, vr, text, treatment)
        if treatment is Treatment.DESCRIPTOR:
            value = (self._agents if tag == _AGENT else self._descriptors).clean(text)
            if value != text:
                self._count("cleaned:descriptors", tag)
            return value if value and not terms.found_in(value) else None
        if treatment is Treatment.CODE:
            return None if tag == _CODE_MEANING or terms.found_in(text) else valid_code(text)
        if tag == _SEX:
            return valid_sex(text)
        if tag == _AGE:
            return None  # in an item below the root; the age at the root is set anew
        if vr not in TEXT_VRS:
            return None
        values = valid_text(vr, text)
        if values is None and vr in ("LO", "SH"):
            values = [word] if (word := self._descriptors.clean(text)) else None
        if values is None or terms.found_in(text):
            return None
        return values if len(values) != 1 else values[0]

    def _uid(self, tag: int, text: str) -> str | None:
        value = self._series_uid if tag == _SERIES_UID and self._series_uid else self._pseudonyms.uid(text)
        self._count("replaced:uids", tag)
        return value or None

    def _moment(self, tag: int, vr: str, text: str, treatment: Treatment) -> str | None:
        if treatment is Treatment.TIME:
            return valid_time(text)
        move = shifted_datetime if vr == "DT" else shifted_date
        value = move(text, self._subject.shift_days)
        if value is not None:
            self._count("moved:dates", tag)
        return value

    def _set_identity(self, source: Any, target: Any) -> None:
        """The elements that every de-identified file carries, whatever the original said."""
        from pydicom.dataset import Dataset

        for tag, treatment in self._treatments.items():
            if treatment is Treatment.EMPTY:
                target.add_new(tag, _vr(tag, source), "")
        target.SpecificCharacterSet = "ISO_IR 192"
        target.PatientName = target.PatientID = self._subject.case
        for word in _TYPE_2:
            target.setdefault(word, "")
        born, scanned = (read_date(raw_text(source, tag, b"")) for tag in (_BIRTH_DATE, _STUDY_DATE))
        age = capped_age(raw_text(source, _AGE, b""), born, scanned, self._rules.oldest_age_years)
        if age is not None:
            target.PatientAge = age
        target.PatientIdentityRemoved = "YES"
        target.DeidentificationMethod = [self._rules.method, self._rules.version]
        codes = []
        for option in self._rules.options:
            code = Dataset()
            code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = option.code, "DCM", option.meaning
            codes.append(code)
        target.DeidentificationMethodCodeSequence = codes
        target.LongitudinalTemporalInformationModified = "MODIFIED"

    def _count(self, rule: str, tag: int) -> None:
        if rule:
            self.changes[Change(rule, attribute_name(tag))] += 1


def attribute_name(tag: int) -> str:
    """The keyword of a standard attribute; for a private or unknown one its place without the creator's word."""
    from pydicom.datadict import keyword_for_tag

    keyword = keyword_for_tag(tag)
    if keyword:
        return str(keyword)
    return f"({tag >> 16:04X},xx{tag & 0xFF:02X})" if tag >> 16 & 1 else f"({tag >> 16:04X},eeee)"


def require_image(source: Any, rules: DeidentificationRules, path: Path) -> None:
    """Refuse what may show a person's data in its pixels, or is no CT or MR image, before anything is written."""
    if str(source.get("SOPClassUID", "")) not in rules.sop_classes:
        raise CrcError("import.not_an_image", path=path)
    is_copy = "ConversionType" in source or str(source.get("BurnedInAnnotation", "")).upper() == "YES"
    is_grey = str(source.get("PhotometricInterpretation", "")).startswith("MONOCHROME")
    # An overlay may also lie in the unused bits of the voxels (PS3.5 section 8.1.2).
    overlays = [tag for tag in source.keys() if int(tag) & 0xFF00FFFF == _OVERLAY_BIT_POSITION]  # noqa: SIM118
    if is_copy or not is_grey or any(source[tag].value for tag in overlays):
        raise CrcError("import.burnt_in", path=path)


def _removal(action: str | None, tag: int) -> str:
    if tag >> 16 & 1:
        return "removed:private"
    return f"removed:profile {action}" if action else "removed:not listed"


def _vr(tag: int, source: Any) -> str:
    """The dictionary's representation; where it leaves a choice, the one that the signedness of the pixels decides."""
    from pydicom.datadict import dictionary_VR

    vr = str(dictionary_VR(tag))
    if " or " not in vr:
        return vr
    options = vr.split(" or ")
    return "SS" if "SS" in options and source.get("PixelRepresentation", 0) == 1 else options[0]


def _replace_meanings(item: Any, designators: tuple[str, ...]) -> None:
    """A code of a public scheme keeps value and scheme; its meaning, which is free text, becomes the value again."""
    code, scheme = (str(item[tag].value) if tag in item else "" for tag in (_CODE_VALUE, _CODE_SCHEME))
    for tag in (_CODE_VALUE, _CODE_SCHEME):
        if tag in item:
            del item[tag]
    if code and scheme in designators:
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, scheme, code
