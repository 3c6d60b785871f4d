"""What the contours in the views mean: a swatch in each layer's own hue and pattern, with its words."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, label, line

from CRCQualityControlLib.presenter.ports import HUES, Fill, Layer

_WIDTH, _HEIGHT = 22, 12
_SHOWN = (Layer.ONLY_A, Layer.ONLY_B, Layer.BOTH, Layer.RESULT)


class Legend:
    """One swatch for each layer that can be seen now."""

    def __init__(self, parent: qt.QWidget) -> None:
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=5)
        self._swatches: dict[Layer, tuple[qt.QLabel, qt.QLabel]] = {}
        for layer in _SHOWN:
            swatch, words = qt.QLabel(self.widget), label(self.widget, Weight.QUIET, wrap=False)
            self._swatches[layer] = swatch, words
            row.addWidget(swatch)
            row.addWidget(words)
            row.addSpacing(4)
        row.addStretch(1)

    def draw(self, fill: Fill, shows_result: bool, lang: Lang) -> None:
        """Show the swatches as the contours are drawn."""
        for layer, parts in self._swatches.items():
            shown = shows_result if layer is Layer.RESULT else layer is not Layer.BOTH or fill is Fill.FILLED
            for part in parts:
                part.setVisible(shown)
            lines = fill is Fill.OUTLINE and layer is not Layer.RESULT
            parts[0].setPixmap(_swatch(layer, fill, self.widget.devicePixelRatioF()))
            parts[1].setText(say(f"quality.view.layer.{layer.value}{'_line' if lines else ''}", lang))


def _swatch(layer: Layer, fill: Fill, ratio: float) -> qt.QPixmap:
    pixmap = qt.QPixmap(round(_WIDTH * ratio), round(_HEIGHT * ratio))
    pixmap.fill(qt.QColor(40, 40, 40))
    painter = qt.QPainter(pixmap)
    painter.scale(ratio, ratio)
    hue = qt.QColor(HUES[layer])
    if fill is Fill.OUTLINE or layer is Layer.RESULT:
        thick = 1.2 if layer is Layer.ONLY_B else 3.0
        painter.fillRect(qt.QRectF(2, (_HEIGHT - thick) / 2, _WIDTH - 4, thick), qt.QBrush(hue))
    else:
        _paint_area(painter, layer, hue)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _paint_area(painter: qt.QPainter, layer: Layer, hue: qt.QColor) -> None:
    inside = qt.QRectF(1, 1, _WIDTH - 2, _HEIGHT - 2)
    if layer is Layer.BOTH:
        painter.fillRect(inside, qt.QBrush(hue))
        return
    painter.setClipRect(inside)
    pen = qt.QPen(hue)
    pen.setWidthF(2.4)
    painter.setPen(pen)
    if layer is Layer.ONLY_A:
        for x in range(-_HEIGHT, _WIDTH, 6):
            painter.drawLine(x, _HEIGHT, x + _HEIGHT, 0)
    else:
        for x in range(3, _WIDTH, 6):
            for y in range(3, _HEIGHT, 6):
                painter.fillRect(qt.QRectF(x - 1.6, y - 1.6, 3.2, 3.2), qt.QBrush(hue))
