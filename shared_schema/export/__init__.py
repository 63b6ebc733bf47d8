"""Writes what is derived from the models: JSON Schemas for editors, and reference pages for people.

`python -m shared_schema.export` writes them anew, `--check` only says whether they are current. Nothing imports this
while a program runs.
"""
