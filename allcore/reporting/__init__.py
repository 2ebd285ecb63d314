"""Figures and reports of what the core computed."""
