"""Every decision of the annotator's panel, in plain Python: no Qt, no VTK, no Slicer."""
