"""The images on the desk: brought step by step while the window lives, arranged, flipped in place, windowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crc_core.contour.inspection import Window
from crc_core.desk.opening import open_unit
from crc_core.desk.windows import preset_window
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.store.protocol import Store
from crc_core.study.stepping import Steps
from crc_core.vocabulary import CT_PHASES, MR_ROLES, Role, Target
from crc_core.workflow.views import UnitView

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.ports import Views
from CRCQualityControlLib.presenter.state import Level, ViewingState


class Viewing:
    """One unit's images at a time, whichever page put them there."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._unit: UnitView | None = None
        self._roles: tuple[Role, ...] = ()

    @property
    def unit(self) -> str:
        """Whose images are shown; empty for nobody's."""
        return "" if self._unit is None else self._unit.unit

    def bring(self, store: Store, view: UnitView, done: Callable[[], object]) -> None:
        """Bring a unit's images in place of what is there, and call `done` once they are; a person can stop it.

        Images that are there already stay. What cannot be shown is told; without a source there is no case.
        """
        if self.unit == view.unit:
            done()
            return

        def brought(troubles: tuple[CrcError, ...]) -> None:
            self.brought(view, troubles)
            done()

        self._hub.run(self._hub.say("quality.opening", unit=view.unit), self.bringing(store, view), brought)

    def clear(self) -> None:
        """Take the images away."""
        if self._roles:
            self._hub.kit.scene.close_case()
        self._unit, self._roles = None, ()
        self._hub.publish(viewing=ViewingState())

    def lost(self) -> None:
        """Somebody else took the images out of the scene; what is left of them goes, too."""
        if self._unit is None:
            return
        self.clear()
        self._hub.note(Level.WARNING, "quality.images_lost")

    def show_views(self, views: Views) -> None:
        """Arrange the views."""
        lead = self._lead()
        if lead is not None and self._hub.attempt(lambda: self._arranged(views, lead)):
            self._hub.publish(viewing=replace(self._hub.state.viewing, views=views))

    def show_phase(self, role: Role) -> bool:
        """Show another series in place; an MRI where it stands beside the CT. Whether it is shown now."""
        return self._hub.attempt(lambda: self._shown(role)) or False

    def flip(self, forward: bool = True) -> None:
        """Show the next phase (or the one before) in place."""
        phases = [role for role in self._roles if role not in MR_ROLES]
        now = self._hub.state.viewing.phase
        if now in phases and len(phases) > 1:
            self.show_phase(phases[(phases.index(now) + (1 if forward else -1)) % len(phases)])

    def preset_window(self) -> None:
        """Give back the window of the series that is shown."""
        role = self._hub.state.viewing.phase
        if role is not None and self._unit is not None:
            window = _window(self._unit, role)
            if window is not None:
                self._hub.attempt(lambda: self._hub.kit.scene.set_window(role, window))

    def label(self) -> None:
        """Say over the views which series each of them shows, in the person's language."""
        if self._unit is not None and self._roles:
            point = UnitId.parse(self._unit.unit).time_point
            words = {
                role: self._hub.say("scene.image", role=self._hub.say(f"desk.role.{role.value}"), point=point)
                for role in self._roles
            }
            self._hub.kit.scene.label_images(words)

    def bringing(self, store: Store, view: UnitView) -> Steps[tuple[CrcError, ...]]:
        """The steps of bringing a unit's images in place of what is there; what could not be shown as it should.

        Raises CrcError where a source cannot be had, and nothing is shown then.
        """
        self.clear()
        sources = {binding.role for binding in view.bindings}
        troubles: list[CrcError] = []
        scene, unit = self._hub.kit.scene, UnitId.parse(view.unit)
        came = False
        try:
            for step in open_unit(store, view, self._hub.person, self._hub.lang):
                if step.error is not None:
                    if step.key is not None and step.key.role in sources:
                        raise step.error
                    troubles.append(step.error)
                if step.key is not None and step.volume is not None:
                    role = step.key.role
                    scene.add_image(role, step.volume, unit.series_code(role), _window(view, role))
                    came = True
                yield step.done, step.total
        except BaseException:
            # Stopped by a person, or a source that is not what was registered: nothing half open stays.
            if came:
                scene.close_case()
            raise
        return tuple(troubles)

    def brought(self, view: UnitView, troubles: tuple[CrcError, ...]) -> None:
        """The images are there: arrange the views, and tell what is wrong with them."""
        self._unit = view
        self._roles = tuple(role for role in (*CT_PHASES, Role.CHEST, *MR_ROLES) if role in _roles_of(view))
        lead = next((binding.role for binding in view.bindings), self._roles[0] if self._roles else None)
        self._hub.publish(viewing=ViewingState(view.unit, self._roles, lead, Views.PLANES))
        self.label()
        if lead is not None:
            self._hub.attempt(lambda: self._arranged(Views.PLANES, lead))
        for error in troubles:
            self._hub.tell(error, Level.WARNING)

    def _lead(self) -> Role | None:
        shown = self._hub.state.viewing.phase
        return shown if shown is not None and shown not in MR_ROLES else None

    def _arranged(self, views: Views, lead: Role) -> bool:
        self._hub.kit.scene.show_views(views, lead)
        return True

    def _shown(self, role: Role) -> bool:
        if role not in self._roles:
            raise CrcError("mrml.no_image", role=role.value)
        if role in MR_ROLES:
            self.show_views(Views.MRI)
            return True
        self._hub.kit.scene.show_phase(role)
        self._hub.publish(viewing=replace(self._hub.state.viewing, phase=role))
        return True


def _roles_of(view: UnitView) -> set[Role]:
    return {record.role for record in view.series}


def _window(view: UnitView, role: Role) -> Window | None:
    """The preset of a series: the lungs' where lungs are drawn on no phase; none for MRI."""
    if role in MR_ROLES:
        return None
    lungs = any(item.role is role and item.target is Target.LUNG for item in view.bindings)
    return preset_window(Target.LUNG if lungs and role not in CT_PHASES else None)
