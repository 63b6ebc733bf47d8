"""Runs every benchmark and prints its figures."""

from benchmarks import start_up

start_up.main()
