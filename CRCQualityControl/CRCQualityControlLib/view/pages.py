"""Which page of the panel is drawn by which class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from CRCQualityControlLib.presenter.state import Page
from CRCQualityControlLib.view.adjudication_page import AdjudicationPage
from CRCQualityControlLib.view.agreement_page import AgreementPage
from CRCQualityControlLib.view.kit import MakesPage

PAGES: Mapping[Page, MakesPage] = MappingProxyType(
    {
        Page.AGREEMENT: AgreementPage,
        Page.ADJUDICATION: AdjudicationPage,
    }
)
"""In the order of their tabs."""
