"""Judging a scan: the role and the phase of each series, and every item of the check."""
