"""Components' configuration: how a deployment changes it (pure), and the running values that IPC gives out."""
