"""Checks beforehand whether a stage can work, by calls that change nothing."""
