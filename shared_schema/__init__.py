"""The documents and messages that the publisher and the agent both use.

Pure: no network, no AWS, no IPC. Needs only pydantic and PyYAML, so that devices and pipelines can install it. What is
*done* with the documents belongs to the two programs.
"""
