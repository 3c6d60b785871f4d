"""Tables and plots people take away: CSV that opens in a spreadsheet, one HTML file with everything in it."""

from crc_core.paper.csv_file import Cell, Sheet, csv_bytes
from crc_core.paper.page import Figure, Page, Part, html_bytes
from crc_core.paper.plots import Dot, Interval, bars, differences, intervals, timeline

__all__ = [
    "Cell",
    "Dot",
    "Figure",
    "Interval",
    "Page",
    "Part",
    "Sheet",
    "bars",
    "csv_bytes",
    "differences",
    "html_bytes",
    "intervals",
    "timeline",
]
