"""The documents and messages that the publisher and the agent both speak.

Pure: no network, no AWS, no IPC, and no third library but pydantic and PyYAML, so that a device and a
pipeline can carry it alike. What is *done* with the documents belongs to the two programs.
"""
