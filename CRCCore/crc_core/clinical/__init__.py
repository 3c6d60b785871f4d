"""Clinical, pathology, gene, treatment and follow-up records: one type, its fields defined in data."""
