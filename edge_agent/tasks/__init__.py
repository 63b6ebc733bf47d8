"""What a model is for: how its input is read and prepared, and what its outputs mean. One module a task, one line
for each in `table.py`."""
