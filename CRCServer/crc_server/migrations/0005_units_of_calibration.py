"""The units of calibration are found at once among all others."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """After the store-wide events."""

    dependencies = (("crc", "0004_store_wide_events"),)
    operations = (
        migrations.AddIndex(
            model_name="unitrow",
            index=models.Index(condition=models.Q(barred__isnull=False), fields=["code"], name="unit_barred"),
        ),
    )
