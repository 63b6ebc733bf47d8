"""Where models come from: the SageMaker Model Registry, or an object in S3; downloaded and unpacked safely."""
