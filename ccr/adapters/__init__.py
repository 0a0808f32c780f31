"""One file for each outside thing and its local twin."""
