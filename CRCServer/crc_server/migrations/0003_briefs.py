"""Units, slots and agreement as lists ask for them; the rows are made anew from the chain afterwards."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def forget_index(apps: Any, schema_editor: Any) -> None:
    """The chain holds all that these rows say; `crcdb serve --prepare` makes them again."""
    for name in ("SlotRow", "UnitRow", "ReadingRow"):
        apps.get_model("crc", name).objects.all().delete()


class Migration(migrations.Migration):
    """More columns, one more table, and which version of the rows is there."""

    dependencies = (("crc", "0002_taken_and_saved_searches"),)

    operations = (
        migrations.RunPython(forget_index, migrations.RunPython.noop),
        migrations.AddField("StoreRow", "index_version", models.IntegerField(default=0)),
        migrations.AddField("UnitRow", "barred", models.CharField(max_length=64, null=True)),
        migrations.AddField("UnitRow", "compared_at", models.DateTimeField(null=True)),
        migrations.AlterField("SlotRow", "reader", models.CharField(max_length=40)),
        migrations.AddField("SlotRow", "phase", models.CharField(default="", max_length=16), preserve_default=False),
        migrations.AddField(
            "SlotRow",
            "assigned_at",
            models.DateTimeField(default="2026-01-01T00:00:00Z"),
            preserve_default=False,
        ),
        migrations.AddField("SlotRow", "reading", models.CharField(max_length=64, null=True)),
        migrations.AddField("SlotRow", "submitted_at", models.DateTimeField(null=True)),
        migrations.AddField("SlotRow", "question", models.TextField(null=True)),
        migrations.AddField("SlotRow", "active_seconds", models.FloatField(null=True)),
        migrations.CreateModel(
            name="AgreementRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("target", models.CharField(max_length=16)),
                ("dice_permille", models.IntegerField()),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crc.unitrow")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("unit", "target"), name="agreement_once")],
                "indexes": [models.Index(fields=["target", "dice_permille"], name="agreement_value")],
            },
        ),
        migrations.AddIndex("UnitRow", models.Index(fields=["site", "phase"], name="unit_site_phase")),
        migrations.AddIndex("SlotRow", models.Index(fields=["reader", "phase"], name="slot_reader_phase")),
    )
