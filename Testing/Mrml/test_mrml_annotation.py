"""The words in the corners of a view: the letters of the patient's sides stay free of them, however narrow it is."""

from __future__ import annotations

import pytest
from crc_mrml.annotation import Marks, dress, write
from vtkmodules.vtkRenderingAnnotation import vtkCornerAnnotation

TYPE_PX = 14
MARKS = Marks("静脉期 · T0", "S 114.0  45/153", "W 225  L 40", "38", "R", "L", "A", "P")


@pytest.fixture
def corners() -> vtkCornerAnnotation:
    made = vtkCornerAnnotation()
    dress(made, TYPE_PX)
    return made


def test_in_a_wide_view_words_and_letters_share_the_line(corners: vtkCornerAnnotation) -> None:
    assert write(corners, MARKS, 600.0)
    assert corners.GetText(corners.UpperLeft) == "静脉期 · T0"
    assert corners.GetText(corners.LowerLeft) == "S 114.0  45/153\nW 225  L 40"
    assert (corners.GetText(corners.UpperEdge), corners.GetText(corners.LowerEdge)) == ("A", "P")


def test_in_a_narrow_view_words_leave_the_line_to_the_letter(corners: vtkCornerAnnotation) -> None:
    write(corners, MARKS, 165.0)
    assert corners.GetText(corners.UpperLeft) == "\n静脉期 · T0"
    assert corners.GetText(corners.LowerLeft) == "S 114.0  45/153\nW 225  L 40\n "


def test_longer_words_need_a_wider_view(corners: vtkCornerAnnotation) -> None:
    write(corners, Marks("Portal venous phase · T0", "", "", "", "", "", "AIL", ""), 300.0)
    assert corners.GetText(corners.UpperLeft).startswith("\n")
    write(corners, Marks("DWI · T0", "", "", "", "", "", "AIL", ""), 300.0)
    assert corners.GetText(corners.UpperLeft) == "DWI · T0"


def test_nothing_is_written_twice_and_none_clears(corners: vtkCornerAnnotation) -> None:
    assert write(corners, MARKS, 300.0)
    assert not write(corners, MARKS, 300.0)
    assert write(corners, None)
    assert not any(corners.GetText(position) for position in range(8))
