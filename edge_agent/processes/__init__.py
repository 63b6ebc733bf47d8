"""The processes beside control: a template that has imported what models need, and workers that are forked from it.

A worker is jailed before it reads a byte of a model. This package knows neither models nor vetting.
"""
