"""Checks that the documents that people write fit together. Reads files; makes no network calls and opens no model.

Must stay quick (`validate` takes under half a second), so nothing here imports boto3 or onnx.
"""
