"""What stands behind the module: presenter (decisions, no screen), view (Qt, no decisions), scene (Slicer's nodes)."""
