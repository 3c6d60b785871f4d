"""What left the database with whom, and searches that people keep."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two tables."""

    dependencies = (("crc", "0001_initial"),)

    operations = (
        migrations.CreateModel(
            name="TakenRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True)),
                ("person", models.CharField(db_index=True, max_length=40)),
                ("what", models.CharField(max_length=16)),
                ("unit", models.CharField(default="", max_length=24)),
                ("count", models.IntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="SavedSearchRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=80)),
                ("body", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "name"), name="saved_search_once")],
            },
        ),
    )
