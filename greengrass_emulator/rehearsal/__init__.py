"""The dress rehearsal: a release's whole way on one machine, driven by the two buildspec files themselves."""
