"""How answers read: values, units, reasons and sources in words, the same on a screen, on paper and in a table."""

from __future__ import annotations

from crc_core.report.document import Answer, FieldPath, Measurement, Report, Source, Value
from crc_core.report.template import CHOOSING, Field, Section, Template, Words
from crc_core.text import Lang, catalogue, say


def number_text(value: float, decimals: int | None = None) -> str:
    """A number with so many decimals; without that, with the two it may need."""
    text = f"{float(value):.2f}".rstrip("0").rstrip(".") if decimals is None else f"{float(value):.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def value_text(field: Field, value: Value, lang: Lang, decimals: int | None = None) -> str:
    """A value in words, without its unit; an unknown option reads as its code."""
    if isinstance(value, tuple):
        return ("、" if lang is Lang.ZH else ", ").join(value_text(field, code, lang) for code in value)
    if isinstance(value, str):
        option = field.option(value) if field.kind in CHOOSING else None
        return value if option is None else option.alone.say(lang)
    return number_text(value, decimals)


def unit_text(field: Field, lang: Lang) -> str:
    """The unit of a field, or nothing."""
    return "" if field.unit is None else field.unit.say(lang)


def answer_text(template: Template, field: Field, answer: Answer, lang: Lang) -> str:
    """An answer in words with its unit, a reason as "无法评估: …", two readers' answers side by side."""
    if answer.readers is not None:
        first, second = (
            say("report.no_answer", lang) if part is None else answer_text(template, field, part, lang)
            for part in answer.readers
        )
        return say(f"report.two_answers.{answer.source.value}", lang, a=first, b=second)
    if answer.not_assessable is not None:
        reason = template.reason(answer.not_assessable.reason)
        words = answer.not_assessable.reason if reason is None else reason.label.say(lang)
        if answer.not_assessable.text:
            words = say("report.reason_with_text", lang, reason=words, text=answer.not_assessable.text)
        return say("report.not_assessable_because", lang, reason=words)
    if answer.value is None:
        return ""
    unit = unit_text(field, lang)
    text = value_text(field, answer.value, lang, shown_decimals(answer))
    return f"{text} {unit}" if unit else text


def shown_decimals(answer: Answer) -> int | None:
    """How many decimals a measured answer is shown with; None for what a person typed."""
    return answer.measurement.decimals if answer.measurement and answer.source is Source.MEASURED else None


def measurement_text(measurement: Measurement, lang: Lang) -> str:
    """The sentence that says how and where something was measured; a plain word for one of another program."""
    if measurement.how not in catalogue(lang):
        return say("report.source.measured", lang)
    try:
        return say(measurement.how, lang, **dict(measurement.how_values))
    except (KeyError, IndexError, ValueError):
        return say("report.source.measured", lang)


def source_text(answer: Answer, lang: Lang) -> str:
    """Where an answer comes from, in a sentence."""
    if answer.source is Source.MEASURED and answer.measurement is not None:
        return measurement_text(answer.measurement, lang)
    return say(f"report.source.{answer.source.value}", lang)


def section_title(section: Section, lesion: int | None, lang: Lang) -> str:
    """The title of one block, with the number of its lesion."""
    label = section.label.say(lang)
    return label if lesion is None else say("report.block_title", lang, label=label, number=lesion)


def path_label(report: Report, path: FieldPath) -> Words:
    """The label of a question with that of its block, in both languages; the path itself where it is unknown."""
    pair, field = report.section(path.section), report.field(path)
    if pair is None or field is None:
        return Words(str(path), str(path))
    zh, en = (
        say("report.field_of_block", lang, block=section_title(pair[1], path.lesion, lang), field=field.label.say(lang))
        for lang in (Lang.ZH, Lang.EN)
    )
    return Words(zh, en)
