"""Noun to number, Curve or LabelMap. No files, no torch."""
