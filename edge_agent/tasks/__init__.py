"""What a model is for: how its input is read and prepared, and what its outputs mean.

One module a task, and one line for each in `binding.py`.
"""
