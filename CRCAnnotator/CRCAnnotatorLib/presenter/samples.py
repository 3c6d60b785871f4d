"""Densities: at least three samples per phase on that phase's own image, proposed, looked at, nudged, confirmed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crc_core.contour.density import density_of, read_sample
from crc_core.contour.results import LesionDensity, Point
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import SampleKey, SampleMark
from crc_core.desk.work import LesionWork, PhaseSamples
from crc_core.errors import CrcError
from crc_core.vocabulary import CT_PHASES, Role, Target

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.state import DensityRow, Level

if TYPE_CHECKING:
    from crc_core.desk.examining import Exam

    from CRCAnnotatorLib.presenter.live import Live


class Samples:
    """The density samples of lesions; `of` is the phase whose samples are shown."""

    def __init__(self, bench: Bench, live: Live) -> None:
        self._bench, self._live = bench, live
        self._are_drawn = False
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self.of: Role | None = None
        self._outside: dict[tuple[Target, int | None, Role], int] = {}

    # proposals
    def take(self, exam: Exam) -> None:
        """Take the proposals of an examination over where nobody has confirmed samples.

        Samples that a person confirmed or moved stay, also where the contour has left them; the row tells it then.
        """
        lesion = self._lesion(exam.target, exam.lesion)
        if lesion is None:
            return
        held = {item.role: item for item in lesion.densities if item.confirmed}
        for density in exam.densities:
            if density.mean_hu is not None:
                held.setdefault(density.role, PhaseSamples(density.role, density.samples))
        phases = [held[role] for role in CT_PHASES if role in held]
        self._bench.change_lesion(exam.target, replace(lesion, densities=tuple(phases)))
        for phase in phases:
            self._look(exam.target, exam.lesion, phase)

    def densities(self, exam: Exam) -> tuple[LesionDensity, ...]:
        """The densities of an examined lesion by the samples that hold now."""
        lesion = self._lesion(exam.target, exam.lesion)
        phases = {} if lesion is None else {phase.role: phase for phase in lesion.densities}
        return tuple(
            density_of(exam.lesion, item.role, phases[item.role].samples) if item.role in phases else item
            for item in exam.densities
        )

    # what a person does
    def show(self, role: Role | None) -> None:
        """Show the samples of a phase on its own image, in place; None for none, and the image that belongs there."""
        case, target = self._bench.case, self._bench.target
        if role is not None and (ImageKey(role) not in case.grids or self._phase(role) is None):
            return
        source = None if target is None else case.source(target)
        self.of = role
        self._bench.hub.views.single(None if role is None or (source is not None and source.role is role) else role)
        self.follow()
        phase = None if role is None else self._phase(role)
        if phase is not None:
            self._bench.scene.jump(phase.samples[0].centre_ras)

    def put_away(self) -> None:
        """Show no samples, and the image that belongs there."""
        if self.of is not None:
            self.show(None)

    def follow(self) -> None:
        """Draw the samples as they are now."""
        marks = self._marks()
        if marks or self._are_drawn:
            self._bench.scene.show_samples(marks)
        self._are_drawn = bool(marks)

    def confirm(self) -> None:
        """The samples in view are good; on to the next phase that waits, or back to the source."""
        target, lesion, role = self._bench.target, self._bench.lesion_work, self.of
        phase = None if role is None else self._phase(role)
        if target is None or lesion is None or phase is None:
            self._bench.hub.note(Level.INFO, "annotator.contour.show_samples_first")
            return
        self._put(target, lesion, replace(phase, confirmed=True))
        waiting = [item.role for item in self._phases() if not item.confirmed]
        self.show(waiting[0] if waiting else None)

    def moved(self, key: SampleKey, centre_ras: Point) -> None:
        """A person let go of a sample: it is read where it is now, on its own phase; outside the image it goes back."""
        lesion = self._lesion(key.target, key.lesion)
        image = self._bench.scene.image(key.image)
        phase = None if lesion is None else _of_role(lesion, key.image.role)
        if lesion is None or image is None or phase is None or self._bench.case.read_only:
            self.follow()
            return
        before = phase.samples[key.number]
        try:
            sample = read_sample(image, centre_ras, before.radius_mm)
        except CrcError:
            self.follow()
            raise
        samples = (*phase.samples[: key.number], sample, *phase.samples[key.number + 1 :])
        moved = PhaseSamples(phase.role, samples, confirmed=True)
        self._put(key.target, lesion, moved)
        self._look(key.target, key.lesion, moved)
        self.follow()

    def resample(self, role: Role) -> None:
        """Propose the samples of a phase anew from the contour."""
        target, lesion = self._bench.target, self._bench.lesion_work
        if target is None or lesion is None:
            return
        left = tuple(item for item in lesion.densities if item.role is not role)
        self._bench.change_lesion(target, replace(lesion, densities=left))
        self._live.examine(target, (lesion.number,))
        self._live.now()

    # what is shown
    @property
    def can_confirm(self) -> bool:
        """Whether samples are in view that nobody has confirmed."""
        phase = None if self.of is None else self._phase(self.of)
        return phase is not None and not phase.confirmed

    def rows(self) -> tuple[DensityRow, ...]:
        """The density of the chosen lesion in every phase, or why there is none."""
        target, number = self._bench.target, self._bench.lesion
        exam = None if target is None or number is None else self._bench.exams.get((target, number))
        if target is None or exam is None or exam.sizes is None:
            return ()
        by_role = {density.role: density for density in exam.densities}
        return tuple(self._row(target, role, by_role.get(role)) for role in CT_PHASES)

    def _row(self, target: Target, role: Role, density: LesionDensity | None) -> DensityRow:
        hub, phase = self._bench.hub, self._phase(role)
        label = hub.say(f"contour.phase.{role.value}")
        if phase is None:
            reason = "annotator.contour.phase_missing"
            if density is not None:
                reason = f"contour.density.{density.reason or 'too_few_samples'}"
            return DensityRow(
                role, label, hub.say("annotator.contour.not_measurable"), hub.say(reason), 0, False, False
            )
        mean = density_of(0, role, phase.samples).mean_hu
        value = (
            hub.say("annotator.contour.no_value") if mean is None else hub.say("contour.unit.hu", value=f"{mean:.0f}")
        )
        return DensityRow(role, label, value, self._detail(target, phase), len(phase.samples), phase.confirmed, True)

    def _detail(self, target: Target, phase: PhaseSamples) -> str:
        hub = self._bench.hub
        outside = self._outside.get((target, self._bench.lesion, phase.role), 0)
        if outside:
            return hub.say("annotator.contour.samples_outside", count=outside)
        values = hub.say("annotator.contour.comma").join(f"{sample.mean_hu:.0f}" for sample in phase.samples)
        return hub.say("annotator.contour.samples", count=len(phase.samples), values=values)

    def _why_not(self, density: LesionDensity | None) -> str:
        reason = None if density is None else density.reason
        code = "annotator.contour.phase_missing" if reason is None else f"contour.density.{reason.value}"
        return self._bench.hub.say(code)

    def _look(self, target: Target, number: int, phase: PhaseSamples) -> None:
        """Count the samples that do not lie in the lesion as it is drawn."""
        from crc_core.desk.sample_check import sample_inside

        layers, image = self._bench.layers_of(target), self._bench.scene.image(ImageKey(phase.role))
        count = 0
        if layers is not None and image is not None:
            count = sum(not sample_inside(layers, number, sample, image) for sample in phase.samples)
        self._outside[target, number, phase.role] = count

    def _marks(self) -> tuple[SampleMark, ...]:
        target, number, hub = self._bench.target, self._bench.lesion, self._bench.hub
        phase = None if self.of is None else self._phase(self.of)
        if target is None or number is None or phase is None:
            return ()
        return tuple(
            SampleMark(
                SampleKey(target, number, ImageKey(phase.role), index),
                sample,
                hub.say("annotator.contour.sample", mean=f"{sample.mean_hu:.0f}", spread=f"{sample.sd_hu:.0f}"),
            )
            for index, sample in enumerate(phase.samples)
        )

    # within
    def _lesion(self, target: Target, number: int) -> LesionWork | None:
        state = self._bench.work.of(target)
        return None if state is None else state.lesion(number)

    def _phases(self) -> tuple[PhaseSamples, ...]:
        lesion = self._bench.lesion_work
        return () if lesion is None else tuple(sorted(lesion.densities, key=lambda item: CT_PHASES.index(item.role)))

    def _phase(self, role: Role) -> PhaseSamples | None:
        lesion = self._bench.lesion_work
        return None if lesion is None else _of_role(lesion, role)

    def _put(self, target: Target, lesion: LesionWork, phase: PhaseSamples) -> None:
        densities = tuple(phase if item.role is phase.role else item for item in lesion.densities)
        self._bench.change_lesion(target, replace(lesion, densities=densities))


def _of_role(lesion: LesionWork, role: Role) -> PhaseSamples | None:
    return next((item for item in lesion.densities if item.role is role and item.samples), None)
