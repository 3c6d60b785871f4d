"""Which page of the panel is drawn by which class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from CRCQualityControlLib.presenter.state import Page
from CRCQualityControlLib.view.adjudication_page import AdjudicationPage
from CRCQualityControlLib.view.agreement_page import AgreementPage
from CRCQualityControlLib.view.calibration_page import CalibrationPage
from CRCQualityControlLib.view.kit import MakesPage
from CRCQualityControlLib.view.progress_page import ProgressPage
from CRCQualityControlLib.view.sample_page import SamplePage

PAGES: Mapping[Page, MakesPage] = MappingProxyType(
    {
        Page.AGREEMENT: AgreementPage,
        Page.ADJUDICATION: AdjudicationPage,
        Page.CALIBRATION: CalibrationPage,
        Page.SAMPLE: SamplePage,
        Page.PROGRESS: ProgressPage,
    }
)
"""In the order of their tabs."""
