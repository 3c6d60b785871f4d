"""Calibration of readers: sessions, own contours against a signed reference, votes of all readers, the protocol."""
