"""Finds models in the SageMaker Model Registry or in S3, downloads them, and unpacks them safely."""
