"""The tables. The chain is the truth; unit, slot, agreement and reading rows are its index and can be made anew."""

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
    index_version = models.IntegerField(default=0)


class EventRow(models.Model):
    """One event of the chain: its canonical bytes, and what it is looked up by."""

    seq = models.BigIntegerField(primary_key=True)
    unit = models.CharField(max_length=24, null=True, db_index=True)
    kind = models.CharField(max_length=32)
    intent_id = models.CharField(max_length=64, db_index=True)
    hash = models.CharField(max_length=64, unique=True)
    body = models.TextField()

    class Meta:
        """The last event of the whole store is asked for by every request, and stands among many of units."""

        indexes = (models.Index(fields=["seq"], condition=models.Q(unit=None), name="event_store_wide"),)


class UnitRow(models.Model):
    """Where a unit stands after its last event."""

    code = models.CharField(max_length=24, primary_key=True)
    case = models.CharField(max_length=16, db_index=True)
    site = models.CharField(max_length=2, db_index=True)
    phase = models.CharField(max_length=16, db_index=True)
    is_over = models.BooleanField(default=False)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_seq = models.BigIntegerField()
    reason = models.TextField(null=True)
    study_date = models.CharField(max_length=10, null=True, db_index=True)
    final = models.CharField(max_length=64, null=True)
    barred = models.CharField(max_length=64, null=True)
    compared_at = models.DateTimeField(null=True)

    class Meta:
        """In the order of work; counted by site and phase; the few of calibration are asked for by every reader."""

        indexes = (
            models.Index(fields=["is_over", "last_at", "code"], name="unit_order_of_work"),
            models.Index(fields=["site", "phase"], name="unit_site_phase"),
            models.Index(fields=["code"], condition=models.Q(barred__isnull=False), name="unit_barred"),
        )


class SlotRow(models.Model):
    """Where the slot of a reader in a unit stands."""

    unit = models.ForeignKey(UnitRow, on_delete=models.CASCADE)
    reader = models.CharField(max_length=40)
    round = models.IntegerField()
    phase = models.CharField(max_length=16)
    assigned_at = models.DateTimeField()
    reading = models.CharField(max_length=64, null=True)
    submitted_at = models.DateTimeField(null=True)
    question = models.TextField(null=True)
    active_seconds = models.FloatField(null=True)

    class Meta:
        """A slot is there once; counted by reader and phase."""

        constraints = (models.UniqueConstraint(fields=["unit", "reader", "round"], name="slot_once"),)
        indexes = (models.Index(fields=["reader", "phase"], name="slot_reader_phase"),)


class AgreementRow(models.Model):
    """How well the two readings of a unit agreed on a target when they were compared last."""

    unit = models.ForeignKey(UnitRow, on_delete=models.CASCADE)
    target = models.CharField(max_length=16)
    dice_permille = models.IntegerField()

    class Meta:
        """A target is there once; counted by target and value."""

        constraints = (models.UniqueConstraint(fields=["unit", "target"], name="agreement_once"),)
        indexes = (models.Index(fields=["target", "dice_permille"], name="agreement_value"),)


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


class RecordRow(models.Model):
    """One version of a clinical record; a version is never changed, a newer one stands beside it."""

    case = models.CharField(max_length=16)
    kind = models.CharField(max_length=16)
    date = models.CharField(max_length=10, default="")
    version = models.IntegerField()
    is_current = models.BooleanField(default=True)
    body = models.TextField()
    hash = models.CharField(max_length=64)

    class Meta:
        """A version is there once."""

        constraints = (models.UniqueConstraint(fields=["case", "kind", "date", "version"], name="record_version_once"),)
        indexes = (models.Index(fields=["case", "is_current"], name="record_current"),)


class ValueRow(models.Model):
    """One value of a current record, to be searched by; made anew with each version."""

    record = models.ForeignKey(RecordRow, on_delete=models.CASCADE)
    case = models.CharField(max_length=16)
    field = models.CharField(max_length=40)
    number = models.FloatField(null=True)
    text = models.CharField(max_length=500, null=True)

    class Meta:
        """Searched by field and value, then by case."""

        indexes = (
            models.Index(fields=["field", "number", "case"], name="value_number"),
            models.Index(fields=["field", "text", "case"], name="value_text"),
        )


class TakenRow(models.Model):
    """Something left the database with a person: a final, images, a table; kept for the audit."""

    at = models.DateTimeField(db_index=True)
    person = models.CharField(max_length=40, db_index=True)
    what = models.CharField(max_length=16)
    unit = models.CharField(max_length=24, default="")
    count = models.IntegerField(default=1)


class SavedSearchRow(models.Model):
    """A tree of conditions that a person keeps under a name."""

    person = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """A name is there once for each person."""

        constraints = (models.UniqueConstraint(fields=["person", "name"], name="saved_search_once"),)
