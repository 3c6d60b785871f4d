"""From two readings to one truth: what is agreed by rule, what a senior decides, and the final that is stored."""
