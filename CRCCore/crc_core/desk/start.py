"""Beginning the work on a unit: anew, or from a reading that came back or was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crc_core.desk.work import WORK_SCHEMA, LesionWork, Registration, TargetState, Work
from crc_core.identity import UnitId
from crc_core.reading.schema import Provenance, TargetReading, TargetWork
from crc_core.report.document import Header, new_report
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, BowelDirection, Mode, Role, Target
from crc_core.workflow.payloads import Binding
from crc_core.workflow.views import UnitView

if TYPE_CHECKING:
    from crc_core.geometry import Volume
    from crc_core.reading.seal import SealedReading

_SEX = {"M": "male", "F": "female"}


def new_work(
    view: UnitView,
    store_id: str,
    reader: str,
    round: int,  # noqa: A002
    protocol: str,
    now: datetime,
    lang: Lang = Lang.ZH,
) -> Work:
    """Empty work on a slot: every bound target open, the report's header filled with what the case tells, in `lang`.

    `protocol` is the delineation protocol in force, used where the unit does not name the one it was bound under.
    """
    return Work(
        schema=WORK_SCHEMA,
        store=store_id,
        unit=view.unit,
        reader=reader,
        round=round,
        protocol=view.protocol or protocol,
        started_at=now,
        active_seconds=0.0,
        targets=tuple(_open_target(binding) for binding in view.bindings),
        report=new_report(UnitId.parse(view.unit), header=header_of(view, lang)).to_json(),
    )


def work_from_reading(
    sealed: SealedReading, view: UnitView, store_id: str, protocol: str
) -> tuple[Work, dict[str, Volume]]:
    """The work a sealed reading came from, to be gone on with, and its masks by the names they have in the reading.

    For a reading that came back or was taken back: the new one will supersede it. A target that is bound to another
    source or in another mode since is open again, and its masks are left out.
    """
    reading, provenance = sealed.reading, sealed.provenance
    targets = [_again(binding, sealed) for binding in view.bindings]
    masks = {
        name: sealed.mask(state.target, parent)
        for state in targets
        if state.lesions
        for name, parent in _mask_names(state, reading.of(state.target))
    }
    targets = [_counted(state, masks, provenance) for state in targets]
    work = replace(
        new_work(view, store_id, reading.reader, reading.round, protocol, provenance.started_at),
        active_seconds=provenance.active_seconds,
        targets=tuple(targets),
        report=dict(sealed.report),
        bowel_direction=_bowel(provenance),
        scan_confirmed=bool(provenance.scan_confirmed),
        scan_remarks=provenance.scan_remarks,
        sync_pairs=provenance.sync_pairs,
        registration=None if provenance.ct_to_mri is None else Registration(provenance.ct_to_mri, accepted=True),
        supersedes=sealed.sealed.sha256,
    )
    return _beyond_set_aside(work), masks


def brought_up_to_date(work: Work, view: UnitView) -> tuple[Work, tuple[Target, ...]]:
    """Kept work brought in line with the unit's bindings as they are now, and the targets that changed.

    Another mode keeps the lesions; an edge must be drawn and kept anew where it is a subtraction now. Another source
    opens the target again, since its contours lie on other voxels; its lesion numbers are not given again.
    """
    targets, changed = [], []
    for binding in view.bindings:
        state = work.of(binding.target)
        if state is None:
            state = _open_target(binding)
        elif state.source != binding.series_code:
            state = replace(_open_target(binding), next_number=state.next_number)
            changed.append(binding.target)
        elif state.mode is not binding.mode:
            state = replace(state, mode=binding.mode, kept=False)
            changed.append(binding.target)
        targets.append(state)
    same = tuple(targets) == work.targets
    return (work if same else replace(work, targets=tuple(targets))), tuple(changed)


def header_of(view: UnitView, lang: Lang) -> Header:
    """What the case tells of a report's header, in the reader's language; what it does not tell stays to be filled."""
    clinical = view.clinical or {}
    site, age = clinical.get("primary_site"), clinical.get("age_years")
    return Header(
        examination=_examination({record.role for record in view.series}, lang),
        sex=_SEX.get(clinical.get("sex", "")),
        age_years=None if age is None else int(float(age)),
        clinical_diagnosis=None if site is None else _diagnosis(site, lang),
        examined_on=view.study_date,
    )


def _examination(roles: set[Role], lang: Lang) -> str | None:
    """The examination in words."""
    enhanced = sum(role in roles for role in CT_PHASES if role is not Role.NC)
    if not enhanced and Role.NC not in roles:
        return None
    plain = "" if Role.NC not in roles else "_plain"
    chest = "_chest" if Role.CHEST in roles else ""
    code = f"desk.examination{plain}{'_enhanced' if enhanced else ''}{chest}"
    return say(code, lang, count=enhanced)


def _diagnosis(site: str, lang: Lang) -> str:
    return say("desk.diagnosis", lang, site=say(f"desk.clinical.primary_site.{site}", lang))


def _open_target(binding: Binding) -> TargetState:
    return TargetState(binding.target, binding.mode, binding.series_code)


def _again(binding: Binding, sealed: SealedReading) -> TargetState:
    said = sealed.reading.of(binding.target)
    state = _open_target(binding)
    if said is None:
        return state
    if not said.lesions:
        return replace(state, answer=said.answer, reason=said.reason or "")
    next_number = max(record.number for record in said.lesions) + 1
    if said.source != binding.series_code or said.mode is not binding.mode:
        return replace(state, next_number=next_number)
    done = _done(sealed.provenance, binding.target)
    marks = {item.number: item for item in done.lesions}
    lesions = tuple(
        LesionWork(record.number, record.kind, marks[record.number].by_hand, marks[record.number].densities)
        if record.number in marks
        else LesionWork(record.number, record.kind)
        for record in said.lesions
    )
    return replace(
        state,
        answer=said.answer,
        lesions=lesions,
        next_number=next_number,
        effects=done.effects,
        window_width_hu=done.window_width_hu,
        window_level_hu=done.window_level_hu,
        mri_used=done.mri_used,
        kept=said.has_parents,
    )


def _done(provenance: Provenance, target: Target) -> TargetWork:
    silent = TargetWork(target, (), 0.0)
    return next((item for item in provenance.work if item.target is target), silent)


def _bowel(provenance: Provenance) -> BowelDirection:
    return _done(provenance, Target.PRIMARY).bowel_direction or BowelDirection.ACROSS


def _mask_names(state: TargetState, said: TargetReading | None) -> Sequence[tuple[str, str]]:
    from crc_core.identity import mask_name

    parents = ("outer", "inner") if said is not None and said.has_parents and state.mode is Mode.SUBTRACTION else ()
    return [(mask_name(state.source, state.target, parent), parent) for parent in ("", *parents)]


def _counted(state: TargetState, masks: dict[str, Volume], provenance: Provenance) -> TargetState:
    """The state with the number of filled slices that its share of interpolated ones stands for."""
    from crc_core.desk.filling import drawn_slices
    from crc_core.identity import mask_name

    mask = masks.get(mask_name(state.source, state.target))
    share = _done(provenance, state.target).interpolated_share
    return state if mask is None or not share else replace(state, filled_count=round(share * drawn_slices(mask)))


def _beyond_set_aside(work: Work) -> Work:
    """Numbers whose answers were set aside belonged to lesions that are gone; they are not given again either."""
    from crc_core.desk.reporting import report_of

    report = report_of(work)
    used: dict[Target, int] = {}
    for path in report.set_aside:
        pair = report.section(path.section)
        if path.lesion is not None and pair is not None and pair[1].target is not None:
            used[pair[1].target] = max(used.get(pair[1].target, 0), path.lesion)
    targets = tuple(
        replace(state, next_number=max(state.next_number, used.get(state.target, 0) + 1)) for state in work.targets
    )
    return replace(work, targets=targets)
