"""Read models of quality control: what waits for a senior and how it is settled, and how the work goes on."""
