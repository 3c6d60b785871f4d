"""What of a final data users do not get: words that somebody wrote, since they could name a patient.

The final stays as it was sealed. Its documents are made anew without the words; one that has none is given as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import SealedFolder
from crc_core.reading.final import Final
from crc_core.reading.seal import FINAL_NAME, REPORT_NAME, parse_report, read_final
from crc_core.report.document_json import write_document
from crc_core.report.free_text import without_free_text
from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import Person
from crc_core.workflow.gates import phases_known


def by_grant_alone(person: Person | None) -> bool:
    """Whether the person knows a unit by a grant and by nothing else."""
    return person is not None and PersonRole.DATA_USER in person.roles and not phases_known(person)


def without_words(sealed: SealedFolder) -> Mapping[str, bytes]:
    """Each document of a final in which somebody wrote words, by its name, without them."""
    opened = read_final(sealed)
    report = parse_report(opened.report, sealed.folder / REPORT_NAME)
    pairs = {
        FINAL_NAME: (to_document(opened.final), to_document(_plain(opened.final))),
        REPORT_NAME: (write_document(report), write_document(without_free_text(report))),
    }
    return {name: canonical_bytes(plain) for name, (whole, plain) in pairs.items() if whole != plain}


def _plain(final: Final) -> Final:
    """The reasons of a lesion are chosen from a list; the note beside one is written."""
    targets = (
        replace(target, lesions=tuple(replace(lesion, note=None) for lesion in target.lesions))
        for target in final.targets
    )
    return replace(final, targets=tuple(targets))
