"""What a release has of the config's stages: enough for a pipeline's stages, which do not have the config."""

from shared_schema.documents import read_text_document
from shared_schema.release import ReleaseStage, release_stages
from shared_schema.stages import Stage


def test_a_release_s_stage_has_what_publish_and_deploy_need_and_nothing_of_the_dev_account_s_own() -> None:
    text = """
account: "111111111111"
region: eu-west-1
target: arn:aws:iot:eu-west-1:111111111111:thinggroup/fleet
role: arn:aws:iam::111111111111:role/MlopsDeployRole
external-id: example-dev
key: arn:aws:kms:eu-west-1:111111111111:key/1
bucket-access: [arn:aws:iam::111111111111:role/Devices]
"""
    (carried,) = release_stages({"dev": read_text_document(text, Stage, file="stage").value}).values()
    written = carried.model_dump_json(by_alias=True, exclude_unset=True)
    assert read_text_document(written, ReleaseStage, file="release.json").value == carried
    assert set(read_text_document(written, ReleaseStage, file="release.json").raw) == {
        "account",
        "region",
        "target",
        "role",
        "external-id",
    }
