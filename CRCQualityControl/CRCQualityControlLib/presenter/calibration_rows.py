"""The tables of the page Calibration: who has read what, results, case by case, clearances."""

from __future__ import annotations

from dataclasses import replace

from crc_core.agreement.report import floored
from crc_core.calibration.comparing import CaseScore
from crc_core.calibration.page import bias_words, sentence_of, small_words, type_words
from crc_core.calibration.summary import Summary
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.workflow.payloads import PassMark
from crc_core.workflow.store_view import SessionView

from CRCQualityControlLib.presenter.calibration_book import Book
from CRCQualityControlLib.presenter.calibration_state import ResultKey, ScoreKey, Stage
from CRCQualityControlLib.presenter.tables import TableState


def stage_of(session: SessionView) -> Stage:
    """Where a session stands."""
    return Stage.OPEN if session.opened_at else Stage.SIGNED if session.reference_signer else Stage.READING


def session_words(book: Book, session: SessionView) -> str:
    """A session in one line."""
    return book.hub.say(
        "calibration.session_line",
        session=session.session,
        cases=len(session.units),
        readers=book.names(session.readers),
        state=book.hub.say(f"calibration.state.{stage_of(session).value}"),
    )


def facts_of(book: Book, session: SessionView) -> tuple[tuple[str, str], ...]:
    """What was planned, beside its headings; a reader meets nobody else's name."""
    say = book.hub.say
    found = [
        ("state", say(f"calibration.state.{stage_of(session).value}")),
        ("planned", f"{session.planned_at:%Y-%m-%d}"),
        ("cases", say("quality.trainer.barred", count=len(session.units))),
        ("readers", book.names(session.readers)),
    ]
    if session.references:
        found.append(("references", book.names(session.references)))
        signer = session.reference_signer
        code = "quality.trainer.unsigned" if signer is None else "quality.trainer.signed_by"
        found.append(("reference", say(code, signer="" if signer is None else book.name(signer))))
    found += [("mark", mark_words(book, mark)) for mark in session.marks]
    return tuple((say(f"quality.trainer.fact.{name}"), words) for name, words in found)


def mark_words(book: Book, mark: PassMark) -> str:
    """A pass mark in words."""
    return book.hub.say(
        "quality.trainer.mark",
        target=book.target(mark.target),
        dice=f"{mark.dice_percent / 100:.2f}",
        bias=mark.bias_percent,
        missed=mark.missed_lesions,
        report=mark.report_percent,
    )


def reading_table(book: Book, session: SessionView) -> TableState:
    """Who has contoured which case; only for those who see the whole session."""
    if not session.references:
        return TableState()
    say = book.hub.say
    waiting = {(item.unit, item.reader, item.round) for item in session.waiting}
    places = [(reader, FIRST_ROUND) for reader in session.references]
    places += [(reader, CALIBRATION_ROUND) for reader in session.readers]
    kinds = {FIRST_ROUND: "reference", CALIBRATION_ROUND: "reader"}
    columns = [say("calibration.column.case")]
    columns += [say(f"quality.trainer.place.{kinds[number]}", reader=book.name(reader)) for reader, number in places]
    rows = tuple(
        (unit, *(say(f"quality.trainer.{'to_read' if (unit, *place) in waiting else 'in'}") for place in places))
        for unit in session.units
    )
    lacking = {item.unit for item in session.waiting}
    return TableState(tuple(columns), rows, frozenset(n for n, unit in enumerate(session.units) if unit in lacking))


def waiting_lines(book: Book, session: SessionView) -> tuple[str, ...]:
    """What the session still waits for, a line each."""
    lines = []
    for item in session.waiting:
        kind = book.hub.say(f"calibration.round.{'reference' if item.round == FIRST_ROUND else 'reader'}")
        words = book.hub.say("calibration.waiting", unit=item.unit, reader=book.name(item.reader), kind=kind)
        lines.append(words.strip())
    return tuple(lines)


def summaries(book: Book) -> tuple[Summary, ...]:
    """What each reader came to, in the order of the table."""
    return () if book.report is None else book.report.summaries


def summary_table(book: Book) -> TableState:
    """One line per reader and target."""
    lang, say = book.hub.lang, book.hub.say
    rows = tuple(
        (
            book.name(item.reader),
            book.target(item.target),
            say("calibration.passed" if item.passed else "calibration.not_passed"),
            _number(book, item.dice),
            bias_words(item.bias, lang),
            str(item.missed),
            str(item.extra),
            say("agreement.none") if item.report is None else f"{item.report:.0%}",
        )
        for item in summaries(book)
    )
    names = ("reader", "target", "verdict", "dice", "bias", "missed", "extra", "report")
    failed = frozenset(place for place, item in enumerate(summaries(book)) if not item.passed)
    return TableState(tuple(say(f"calibration.column.{name}") for name in names), rows, failed)


def summary_keys(book: Book) -> tuple[ResultKey, ...]:
    """Whom and what each line of the results speaks of, and whether the reader is cleared for it already."""
    cleared = set() if book.view is None else {(item.reader, item.target) for item in book.view.clearances}
    return tuple(
        ResultKey(item.reader, item.target, item.passed, (item.reader, item.target) in cleared)
        for item in summaries(book)
    )


def sentences(book: Book) -> tuple[str, ...]:
    """Each line of the results as one sentence, with small lesions apart and by tumour type where there are any."""
    return tuple(_sentence(book, item) for item in summaries(book))


def scores(book: Book) -> tuple[CaseScore, ...]:
    """Every comparison, in the order of the table."""
    return () if book.report is None else book.report.scores


def case_table(book: Book) -> TableState:
    """One line per case, reader and target."""
    names = ("case", "reader", "target", "dice", "bias", "missed", "extra", "errors")
    columns = tuple(book.hub.say(f"calibration.column.{name}") for name in names)
    rows = tuple(_case(book, score) for score in scores(book))
    marks = {place for place, score in enumerate(scores(book)) if score.missed or score.extra or score.errors}
    return TableState(columns, rows, frozenset(marks))


def score_keys(book: Book) -> tuple[ScoreKey, ...]:
    """What each line of the cases speaks of."""
    return tuple(ScoreKey(score.unit, score.reader, score.target) for score in scores(book))


def clearance_table(book: Book) -> TableState:
    """The clearances in force."""
    view, say = book.view, book.hub.say
    names = ("reader", "target", "signer", "signed", "protocol", "reason")
    rows = tuple(
        (
            book.name(item.reader),
            book.target(item.target),
            book.name(item.signer),
            f"{item.at:%Y-%m-%d}",
            item.protocol,
            item.reason or "",
        )
        for item in (() if view is None else view.clearances)
    )
    return TableState(tuple(say(f"quality.column.{name}") for name in names), rows)


def flag_lines(book: Book) -> tuple[str, ...]:
    """Who was asked to recalibrate and has not been cleared since."""
    flags = () if book.view is None else book.view.flags
    return tuple(
        book.hub.say("calibration.flagged", reader=book.name(flag.reader), since=f"{flag.since:%Y-%m-%d}")
        for flag in flags
        if flag.until is None
    )


def set_aside_lines(book: Book) -> tuple[str, ...]:
    """Readings that are missing or could not be used."""
    report, say = book.report, book.hub.say
    if report is None:
        return ()
    lines = [say("calibration.missing", unit=unit, reader=book.name(reader)) for unit, reader in report.missing]
    lines += [
        say(
            "calibration.aside",
            unit=item.unit,
            reader=book.name(item.reader),
            reason=item.error.sentence(book.hub.lang),
        )
        for item in report.set_aside
    ]
    return tuple(lines)


def _sentence(book: Book, item: Summary) -> str:
    lang, say = book.hub.lang, book.hub.say
    parts = [sentence_of(replace(item, reader=book.name(item.reader)), lang)]
    for name, words in (("small", small_words(item, lang)), ("types", type_words(item, lang))):
        if words:
            parts.append(say("quality.trainer.detail", heading=say(f"calibration.column.{name}"), words=words))
    return "\n".join(parts)


def _case(book: Book, score: CaseScore) -> tuple[str, ...]:
    return (
        score.unit,
        book.name(score.reader),
        book.target(score.target),
        _number(book, score.dice),
        bias_words(score.bias, book.hub.lang),
        " ".join(map(str, score.missed)),
        " ".join(map(str, score.extra)),
        book.hub.say("store.list_joint").join(pair.question.label.say(book.hub.lang) for pair in score.errors),
    )


def _number(book: Book, dice: float | None) -> str:
    shown = floored(dice)
    return book.hub.say("agreement.none") if shown is None else f"{shown:.3f}"
