"""The proof itself can fail: a policy that is broken by hand, one that allows too much, a reason that nothing needs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.iam.recording import RecordedCall

from infra_policies import EXAMPLE, FOLDER, document_names, document_path
from rehearsal.errors import RehearsalError
from rehearsal.policy_proof.documents import Unneeded, read_unneeded, render_documents
from rehearsal.policy_proof.proving import WholeProof, prove
from rehearsal.policy_proof.rendered import Attached, RenderedStage, policy_set

KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"
ATTACHED = Attached("example-artifacts", KEY, "eu-west-1")
DOCS = FOLDER.parent / "docs" / "policies.md"


@pytest.fixture(scope="module")
def stages() -> tuple[RenderedStage, ...]:
    return render_documents(EXAMPLE, ["dev", "preprod", "prod"])


def call(role: str, *needs: dict[str, Any], allowed: bool = True, session: str = "stage") -> RecordedCall:
    account = needs[0]["owner"]
    return RecordedCall.model_validate(
        {
            "number": 1,
            "principal": {
                "kind": "role",
                "account": account,
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "session_arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            },
            "service": needs[0]["action"].split(":")[0],
            "operation": needs[0]["action"].split(":")[1],
            "region": "eu-west-1",
            "allowed": allowed,
            "needs": [{"outcome": "allowed" if allowed else "implicit deny", **need} for need in needs],
        }
    )


def need(action: str, resource: str) -> dict[str, Any]:
    return {"action": action, "resource": resource, "owner": "333333333333"}


LISTED = need("greengrass:ListCoreDevices", "*")
DESCRIBED = need("iot:DescribeThingGroup", "arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet")
CALLS = [call("MlopsOperatorRole", LISTED), call("MlopsOperatorRole", DESCRIBED)]


def proven(
    stages: tuple[RenderedStage, ...], calls: list[RecordedCall], unneeded: tuple[Unneeded, ...] = ()
) -> WholeProof:
    return prove(calls, stages, policy_set(stages, ATTACHED), unneeded)


def broken(
    stages: tuple[RenderedStage, ...], name: str, change: Callable[[dict[str, Any]], None]
) -> tuple[RenderedStage, ...]:
    copies = [RenderedStage.model_validate_json(stage.model_dump_json()) for stage in stages]
    for stage in copies:
        for policy in stage.policies:
            if policy.name == name:
                change(policy.document)
    return tuple(copies)


def faults_of(proof: WholeProof, document: str) -> list[str]:
    return [fault for fault in proof.faults if document in fault]


def test_a_statement_that_a_call_leans_on_is_carried_by_it(stages: tuple[RenderedStage, ...]) -> None:
    carried = {
        each.statement: each.carried for each in proven(stages, CALLS).statements if each.document == "operator-role"
    }
    assert carried["ReadOurThingGroup"] == "DescribeThingGroup of iot by MlopsOperatorRole"
    assert carried["ReadJobs"] is None


def test_a_policy_that_lost_an_action_is_not_sufficient(stages: tuple[RenderedStage, ...]) -> None:
    def change(document: dict[str, Any]) -> None:
        statement = next(each for each in document["Statement"] if each["Sid"] == "ReadOurThingGroup")
        statement["Action"] = "iot:DescribeThing"

    faults = faults_of(proven(broken(stages, "operator-role", change), CALLS), "not sufficient")
    assert len(faults) == 1
    assert "iot:DescribeThingGroup on arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet" in faults[0]


def test_an_action_that_nothing_uses_is_not_minimal(stages: tuple[RenderedStage, ...]) -> None:
    faults = faults_of(proven(stages, CALLS), "operator-role/FindDeploymentsAndDevices")
    assert faults == [
        "not minimal: no call used greengrass:ListDeployments of operator-role/FindDeploymentsAndDevices; "
        "take it out, or give the reason in infra_policies/unused.yml"
    ]


def test_a_statement_that_nothing_uses_is_not_minimal(stages: tuple[RenderedStage, ...]) -> None:
    assert any("nothing fails without operator-role/ReadJobs" in fault for fault in proven(stages, CALLS).faults)


def test_a_reason_excuses_what_it_names_and_no_more(stages: tuple[RenderedStage, ...]) -> None:
    reason = Unneeded(document="operator-role", statement="ReadJobs", reason="there is no job in this test")
    proof = proven(stages, CALLS, (reason,))
    assert not faults_of(proof, "operator-role/ReadJobs")
    assert faults_of(proof, "operator-role/ReadTheirJobs")
    assert proof.reason("operator-role", "ReadJobs") == "there is no job in this test"


def test_a_reason_for_what_is_used_is_idle(stages: tuple[RenderedStage, ...]) -> None:
    reason = Unneeded(document="operator-role", statement="ReadOurThingGroup", reason="it is used, as it happens")
    assert any(
        "unused.yml has operator-role/ReadOurThingGroup" in fault for fault in proven(stages, CALLS, (reason,)).faults
    )


def test_a_refusal_that_a_process_swallowed_is_a_fault_and_a_thiefs_is_none(stages: tuple[RenderedStage, ...]) -> None:
    tried = need("iot:ListThings", "*")
    refused = call("MlopsOperatorRole", tried, allowed=False)
    assert faults_of(proven(stages, [*CALLS, refused]), "was refused iot:ListThings on * during the run")
    thief = call("MlopsOperatorRole", tried, allowed=False, session="thief")
    assert not faults_of(proven(stages, [*CALLS, thief]), "iot:ListThings")


def test_what_was_refused_and_would_be_allowed_now_is_a_fault(stages: tuple[RenderedStage, ...]) -> None:
    def change(document: dict[str, Any]) -> None:
        document["Statement"][0]["Action"] = ["greengrass:ListCoreDevices", "iot:ListThings"]

    thief = call("MlopsOperatorRole", need("iot:ListThings", "*"), allowed=False, session="thief")
    proof = proven(broken(stages, "operator-role", change), [*CALLS, thief])
    assert faults_of(proof, "these policies allow it")


def test_the_reasons_name_statements_and_patterns_that_are_there() -> None:
    for entry in read_unneeded(FOLDER / "unused.yml"):
        statements = json.loads(document_path(entry.document).read_text())["Statement"]
        statement = next(each for each in statements if each["Sid"] == entry.statement)
        written = [
            pattern
            for element in ("Action", "Resource")
            for pattern in ([statement[element]] if isinstance(statement[element], str) else statement[element])
        ]
        patterns = [None] if entry.pattern is None else written
        assert any(entry.covers(entry.document, entry.statement, pattern) for pattern in patterns), entry


def test_a_reason_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unused.yml"
    path.write_text("unused:\n  - {document: deploy-role, statement: Deploy, reason: because}\n")
    with pytest.raises(RehearsalError, match=r"unused\.yml:2:.*reason"):
        read_unneeded(path)


def test_the_docs_tell_of_every_statement_and_of_no_other() -> None:
    told = re.findall(r"^\| ([a-z.-]+) \| ([A-Z]\w+) \| ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    there = [
        (name, statement["Sid"])
        for name in document_names()
        for statement in json.loads(document_path(name).read_text())["Statement"]
    ]
    assert told == there, "run `mlops-rehearsal prove-policies --write docs/policies.md`"
    assert "no reason is given" not in DOCS.read_text(encoding="utf-8")
