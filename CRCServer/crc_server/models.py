"""The tables. The chain is the truth; unit, slot and reading rows are an index of it and can be made anew from it."""

from __future__ import annotations

from django.db import models


class StoreRow(models.Model):
    """The store itself: one row, which a writer locks, so that only one mints at a time."""

    store_id = models.CharField(max_length=32)
    policy = models.TextField()
    created = models.DateTimeField()
    head_seq = models.BigIntegerField(default=0)
    head_hash = models.CharField(max_length=64)
    head_at = models.DateTimeField(null=True)


class EventRow(models.Model):
    """One event of the chain: its canonical bytes, and what it is looked up by."""

    seq = models.BigIntegerField(primary_key=True)
    unit = models.CharField(max_length=24, null=True, db_index=True)
    kind = models.CharField(max_length=32)
    intent_id = models.CharField(max_length=64, db_index=True)
    hash = models.CharField(max_length=64, unique=True)
    body = models.TextField()


class UnitRow(models.Model):
    """Where a unit stands after its last event."""

    code = models.CharField(max_length=24, primary_key=True)
    site = models.CharField(max_length=2, db_index=True)
    phase = models.CharField(max_length=16, db_index=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_seq = models.BigIntegerField()
    reason = models.TextField(null=True)
    study_date = models.CharField(max_length=10, null=True, db_index=True)
    final = models.CharField(max_length=64, null=True)


class SlotRow(models.Model):
    """Who was ever given a slot in which unit."""

    unit = models.ForeignKey(UnitRow, on_delete=models.CASCADE)
    reader = models.CharField(max_length=40, db_index=True)
    round = models.IntegerField()

    class Meta:
        """A slot is there once."""

        constraints = (models.UniqueConstraint(fields=["unit", "reader", "round"], name="slot_once"),)


class ReadingRow(models.Model):
    """Into which unit a reading was submitted first."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    unit = models.CharField(max_length=24)


class SeriesRow(models.Model):
    """Which files hold a series: the manifest of the first import of these pixels under this code."""

    code = models.CharField(max_length=32)
    pixel_sha256 = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(max_length=64)

    class Meta:
        """The first import stands."""

        constraints = (models.UniqueConstraint(fields=["code", "pixel_sha256"], name="series_once"),)


class CaseRow(models.Model):
    """A case code that was given out."""

    code = models.CharField(max_length=16, primary_key=True)
    site = models.CharField(max_length=2)
    serial = models.IntegerField()
    actor = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        """A serial is never given twice."""

        constraints = (models.UniqueConstraint(fields=["site", "serial"], name="serial_once"),)


class TriesRow(models.Model):
    """Wrong passwords since the last right one, by the name that was tried, whether there is such a person or not."""

    person = models.CharField(max_length=40, primary_key=True)
    wrong = models.IntegerField(default=0)
    last_at = models.DateTimeField()
