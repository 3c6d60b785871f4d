"""Taking a study in: de-identification, the key table outside the store, roles, sources, duplicates, admission."""
