"""The agreement study: what readers of the sample measured and answered, its statistics, its tables and plots."""
