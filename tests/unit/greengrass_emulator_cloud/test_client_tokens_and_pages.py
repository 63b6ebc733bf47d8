"""How long the answer to a client token is stored, and how a listing is split into pages."""

import pytest
from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.control_plane.request_tokens import KEPT_SECONDS, ClientTokens, page


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_stored_for_eight_hours() -> None:
    clock = Clock()
    tokens = ClientTokens(clock)
    tokens.keep("CreateDeployment", "token", {"deploymentId": "1"})
    clock.now = KEPT_SECONDS - 1
    assert tokens.answer("CreateDeployment", "token") == {"deploymentId": "1"}
    clock.now = KEPT_SECONDS
    assert tokens.answer("CreateDeployment", "token") is None


def test_a_token_belongs_to_its_operation() -> None:
    tokens = ClientTokens()
    tokens.keep("CreateDeployment", "token", {"deploymentId": "1"})
    assert tokens.answer("CreateComponentVersion", "token") is None


def test_a_request_without_a_token_is_never_answered_again() -> None:
    tokens = ClientTokens()
    tokens.keep("CreateDeployment", None, {"deploymentId": "1"})
    assert tokens.answer("CreateDeployment", None) is None


def test_pages_follow_each_other_to_the_end() -> None:
    items = list(range(5))
    first, token = page(items, 2, None)
    second, token = page(items, 2, token)
    third, end = page(items, 2, token)
    assert ([*first], [*second], [*third], end) == ([0, 1], [2, 3], [4], None)


def test_a_listing_that_fits_has_no_next_page() -> None:
    assert page([1, 2], 2, None) == ([1, 2], None)


@pytest.mark.parametrize("token", ["x", "é", "ZnJvbTp4", "dG86MQ=="])
def test_a_token_that_the_listing_did_not_give_is_refused(token: str) -> None:
    with pytest.raises(ValidationException, match="nextToken"):
        page([1, 2], None, token)
