"""What the panel of quality control decides and shows, without a screen."""
