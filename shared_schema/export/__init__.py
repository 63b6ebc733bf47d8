"""Writes what is derived from the models: JSON Schemas for editors, and reference pages for people.

`python -m shared_schema.export` writes them; with `--check` it only says whether they are current. No program imports
this package at run time.
"""
