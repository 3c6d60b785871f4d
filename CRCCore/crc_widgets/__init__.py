"""Qt pieces that both Slicer modules share; they show and ask, and know no rules."""
