"""Whether the documents that people write fit together. Reads files; asks no cloud, and opens no model.

Must stay quick (`validate` takes under half a second): nothing here imports boto3 or onnx.
"""
