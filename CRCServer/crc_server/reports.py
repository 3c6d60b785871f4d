"""The structured report of a final as one page, for a browser or for an archive."""

from __future__ import annotations

from crc_core.files.sealed import SealedFolder
from crc_core.reading.final import Final, How
from crc_core.reading.seal import REPORT_NAME, parse_report, read_final
from crc_core.report.export_html import export_html
from crc_core.report.free_text import without_free_text
from crc_core.report.template import Words
from crc_core.text import Lang, say

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
"""What a browser may do with the page: show it, with its own style, and nothing else."""


def report_page(sealed: SealedFolder, lang: Lang, *, with_words: bool = True) -> bytes:
    """The report of a sealed final as one HTML file, in `lang` first; raises CrcError for an altered one.

    Not `with_words`, it says nothing that somebody wrote in words of their own.
    """
    opened = read_final(sealed)
    report = parse_report(opened.report, sealed.folder / REPORT_NAME)
    footer = [_signature(opened.final)]
    if not with_words:
        report = without_free_text(report)
        footer.append(Words(*(say("access.words_left_out", other) for other in (Lang.ZH, Lang.EN))))
    return export_html(report, lang, (), footer)


def _signature(final: Final) -> Words:
    code = "access.report_by_rule" if final.how is How.RULE else "access.report_signed"
    title = final.signer_title or ""
    return Words(*(say(code, lang, version=final.version, title=title) for lang in (Lang.ZH, Lang.EN)))
