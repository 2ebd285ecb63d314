"""Nucleated cells in a smear: found from pixels alone, measured, kept, and taken out or put elsewhere."""
