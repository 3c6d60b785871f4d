"""An index that finds the last event of the whole store among those of tens of thousands of units."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index."""

    dependencies = (("crc", "0003_briefs"),)

    operations = (
        migrations.AddIndex(
            "EventRow", models.Index(condition=models.Q(("unit", None)), fields=["seq"], name="event_store_wide")
        ),
    )
