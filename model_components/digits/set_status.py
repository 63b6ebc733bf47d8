"""Approves or rejects a registered model package: what a person does in SageMaker Studio, as a command.

The pipeline takes the newest Approved package of the group; to take one back, reject it and run the pipeline again.
"""

import argparse
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

STATUSES = ("Approved", "PendingManualApproval", "Rejected")


def newest_package(group: str, sagemaker: Any) -> str | None:
    """The ARN of the group's newest package, whatever its status; none for a group without one."""
    # The API's default is the oldest first.
    listed = sagemaker.list_model_packages(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )
    packages = listed["ModelPackageSummaryList"]
    return str(packages[0]["ModelPackageArn"]) if packages else None


def main(words: list[str] | None = None) -> int:
    """Set the status of one package. Exit code 0, or 1 with one line that says why not."""
    parser = argparse.ArgumentParser(description="Approve or reject a registered model package.")
    parser.add_argument("status", choices=STATUSES)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--arn", help="the model package's ARN, as register.py printed it")
    which.add_argument("--newest-of", metavar="GROUP", help="the newest package of this group")
    parser.add_argument("--because", default="", help="why, kept in the registry")
    arguments = parser.parse_args(words)
    try:
        sagemaker = boto3.client("sagemaker")
        arn = arguments.arn or newest_package(arguments.newest_of, sagemaker)
        if arn is None:
            print(f"the group {arguments.newest_of} has no model package: register one first", file=sys.stderr)
            return 1
        reason = {"ApprovalDescription": arguments.because} if arguments.because else {}
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=arguments.status, **reason)
    except (BotoCoreError, ClientError) as error:
        print(f"cannot set the status: {error}", file=sys.stderr)
        return 1
    print(f"{arn}: {arguments.status}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
