"""Everything that is measured on one reading or final: sizes, volumes and densities, ready for the report."""

from crc_core.measuring.assessment import Assessment, LesionAssessment, Parents, assess

__all__ = ["Assessment", "LesionAssessment", "Parents", "assess"]
