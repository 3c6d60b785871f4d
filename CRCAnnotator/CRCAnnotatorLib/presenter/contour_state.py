"""How the step "contour" stands, in one object for the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crc_core.vocabulary import Target

from CRCAnnotatorLib.presenter.ports import Tool
from CRCAnnotatorLib.presenter.state import ContourState

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.contour_work import ContourWork


def contour_state(its: ContourWork) -> ContourState:
    """Everything the panel shows of the contours."""
    bench, hub = its.bench, its.hub
    why_not = its.steps.why_not()
    findings = its.rows.findings()
    checking = its.live.is_checking
    is_primary = bench.target is Target.PRIMARY
    return ContourState(
        targets=its.rows.targets(),
        target=bench.target,
        lesion=None if bench.lesion_work is None else bench.lesion,
        rule=its.rows.rule(),
        steps=its.steps.rows(),
        step=bench.step,
        tools=() if why_not else tuple(Tool),
        tool=its.tools.tool,
        brush_mm=its.tools.brush_mm,
        fill=its.showing.fill,
        can_draw=not why_not,
        why_not=hub.say(why_not) if why_not else "",
        can_fill_between=its.filling.can_fill,
        to_review=its.filling.to_review(),
        findings=findings,
        findings_words=its.rows.findings_words(findings),
        checking=checking,
        volume=its.measuring.volume_words(),
        sizes=its.measuring.rows(),
        densities=its.samples.rows(),
        bowel=bench.work.bowel_direction if is_primary else None,
        calipers_shown=its.measuring.shown,
        samples_of=its.samples.of,
        can_confirm_samples=its.samples.can_confirm and not bench.case.read_only,
        window_words=its.showing.window_words(),
        mri=its.mri.state(),
        has_3d=bench.lesion is not None and bench.target is not None and bench.is_drawn(bench.target, bench.lesion),
        in_3d=its.showing.in_3d,
    )
