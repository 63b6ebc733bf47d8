"""Run by the SDK's own environment: ``register_with_the_sdk.py GROUP S3_URI`` registers an Approved package.

As a team's training code would do it; prints the package's ARN. It knows nothing of this repository.
"""

import sys

from sagemaker.core.resources import ModelPackage
from sagemaker.core.shapes import InferenceSpecification


def main(group: str, data: str) -> None:
    container = {"image": "none", "model_data_url": data}
    try:
        ModelPackage.create(
            model_package_group_name=group,
            model_approval_status="Approved",
            inference_specification=InferenceSpecification(
                containers=[container],
                supported_content_types=["application/json"],
                supported_response_mime_types=["application/json"],
            ),
        )
    except KeyError as error:
        # sagemaker-core 2.27 has registered it by then, and looks for a name that CreateModelPackage does not answer
        # (its only member is ModelPackageArn): the package itself is asked for below.
        if error.args != ("ModelPackageName",):
            raise
    packages = ModelPackage.get_all(model_package_group_name=group, sort_by="CreationTime", sort_order="Descending")
    print(next(iter(packages)).model_package_arn)  # noqa: T201 - this is its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
