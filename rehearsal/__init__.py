"""The rehearsal: a whole release on one machine, run by the repository's own two buildspec files."""
