"""Reads what the devices of a target run and report, and computes a deployment's outcome from it. Reads only."""
