"""Files that are whole or not there: atomic writing, canonical JSON, the NIfTI codec."""
