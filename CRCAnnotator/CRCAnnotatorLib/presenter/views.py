"""What is shown where: the one place from which the views are arranged, flipped in place and linked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.desk.arranging import arrangement_for, source_of
from crc_core.desk.steps import ContourStepId, StepId
from crc_core.vocabulary import CT_PHASES, Role, Target

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.hub import Hub


@dataclass(frozen=True)
class Shown:
    """What the views were asked to show."""

    step: StepId = StepId.CASE
    contour_step: ContourStepId | None = None
    target: Target | None = None
    in_3d: bool = False
    flipped: Role | None = None
    prior: tuple[Role, ...] = ()


class Views:
    """The views of the open case; asks the scene only where something changes, and in place where that is enough."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._shown = Shown()
        self._arrangement: Arrangement | None = None
        self._linked = True

    @property
    def step(self) -> StepId:
        """The step the views were arranged for."""
        return self._shown.step

    @property
    def flipped(self) -> Role | None:
        """The phase that was flipped to in place; None for what belongs there."""
        return self._shown.flipped

    @property
    def linked(self) -> bool:
        """Whether views move, zoom and window together."""
        return self._linked

    @property
    def prior_shown(self) -> bool:
        """Whether the earlier time point stands beside."""
        return bool(self._shown.prior)

    @property
    def arrangement(self) -> Arrangement | None:
        """How the views stand now; None before any case is shown."""
        return self._arrangement

    @property
    def leading(self) -> ImageKey | None:
        """The image in the leading view."""
        return None if self._arrangement is None else self._arrangement.panes[0].image

    def show(
        self,
        step: StepId,
        *,
        contour_step: ContourStepId | None = None,
        target: Target | None = None,
        in_3d: bool = False,
    ) -> None:
        """Arrange the views for a step and what is drawn in it; what was flipped to goes back with the step or target.

        Nothing happens while no case is open, or where the views stand so already.
        """
        before = self._shown
        keeps = (before.step, before.target) == (step, target)
        self._set(Shown(step, contour_step, target, in_3d, before.flipped if keeps else None, before.prior))

    def flip(self, forward: bool = True) -> None:
        """Show the next phase (or the one before) in place of the one that is shown."""
        order = self._order()
        if len(order) < 2:
            return
        lead, shown = order[0], self._shown
        if shown.step is StepId.CHECK and shown.flipped is None:
            self._set(replace(shown, flipped=lead))
            return
        at = order.index(shown.flipped) if shown.flipped in order else 0
        role = order[(at + (1 if forward else -1)) % len(order)]
        back_home = role is lead and shown.step is not StepId.CHECK
        self._set(replace(shown, flipped=None if back_home else role))

    def single(self, role: Role | None) -> None:
        """Show one phase in place; None for what belongs there."""
        self._set(replace(self._shown, flipped=role))

    def beside(self, prior: Collection[Role]) -> None:
        """Show the earlier time point beside the present one; an empty collection for without."""
        self._set(replace(self._shown, prior=tuple(prior)))

    def link(self, linked: bool) -> None:
        """Let the views move, zoom and window together, or not."""
        self._linked = linked
        self._hub.kit.scene.link(linked)

    def again(self) -> None:
        """Arrange anew, after images came or went."""
        self._arrangement = None
        self._set(self._shown)

    def label(self) -> None:
        """Say over the views which image each of them shows, in the person's language."""
        case, say = self._hub.case, self._hub.say
        if case is None:
            return
        words = {}
        for key in case.grids:
            role = say(f"desk.role.{key.role.value}")
            code = "scene.image_prior" if key.is_prior else "scene.image"
            words[key] = say(code, role=role, point=case.unit.time_point)
        self._hub.kit.scene.label_images(words)

    def forget(self) -> None:
        """The case is closed."""
        self._shown, self._arrangement, self._linked = Shown(), None, True

    def _set(self, shown: Shown) -> None:
        self._shown = shown
        wanted = self._wanted(shown)
        scene, before = self._hub.kit.scene, self._arrangement
        if wanted is None or wanted == before:
            return
        self._arrangement = wanted
        if before is None or not _same_frame(before, wanted):
            self.label()
            scene.arrange(wanted)
            scene.link(self._linked)
            return
        for old, new in zip(before.panes, wanted.panes, strict=True):
            if old.image != new.image:
                scene.show_image(new.name, new.image)

    def _wanted(self, shown: Shown) -> Arrangement | None:
        case = self._hub.case
        if case is None:
            return None
        binding = None if shown.target is None else case.binding(shown.target)
        return arrangement_for(
            shown.step,
            shown.contour_step,
            None if binding is None else binding.mode,
            self._roles(),
            shown.target,
            shown.flipped,
            shown.prior,
            source=None if binding is None else binding.role,
            in_3d=shown.in_3d,
        )

    def _roles(self) -> tuple[Role, ...]:
        case = self._hub.case
        return () if case is None else tuple(key.role for key in case.grids if not key.is_prior)

    def _order(self) -> tuple[Role, ...]:
        """What can be flipped through: the phases in the order of time, beginning with what leads here."""
        case, target, roles = self._hub.case, self._shown.target, self._roles()
        binding = None if case is None or target is None else case.binding(target)
        lead = source_of(target, roles, None if binding is None else binding.role)
        if lead is None:
            return ()
        phases = tuple(role for role in CT_PHASES if role in roles)
        if lead not in phases:
            return (lead, *phases)
        at = phases.index(lead)
        return (*phases[at:], *phases[:at])


def _same_frame(a: Arrangement, b: Arrangement) -> bool:
    """Whether two arrangements differ in nothing but the images shown."""
    frames = [[(pane.name, pane.orientation) for pane in item.panes] for item in (a, b)]
    return (a.kind, a.has_3d) == (b.kind, b.has_3d) and frames[0] == frames[1]
