"""The agent's side of Greengrass IPC: the connection, its subscriptions, and what comes by them."""
