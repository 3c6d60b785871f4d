"""Readings and finals: what one reader says of a unit, and what the database stores as the truth; sealed once."""
