"""The public API: what each route refuses, and how it says so."""

from __future__ import annotations

import pytest
from clients import SERVICE, Api, open_case, port_path, problem, settled
from factories import World, account, e164

from farewell.chat.tables import Conversation


def test_an_outdated_version_is_refused_and_the_present_one_taken(api: Api, two: World) -> None:
    token = api.sign_in()
    case = open_case(api, token)
    two.clock.forward(seconds=1)
    path = f"/api/v1/closing-cases/{case['id']}/requirements/data_export"
    body = {"answer": "skip", "version": case["version"]}
    first = api.call("PUT", path, token=token, json=body)
    assert first.json()["version"] == case["version"] + 1

    again = api.call("PUT", path, token=token, json=body)

    assert problem(again) == (409, "version_changed")


EVERY_ROUTE = [
    ("GET", "/api/v1/me/accounts", None),
    ("POST", "/api/v1/accounts/T-1/closing-case", None),
    ("GET", "/api/v1/closing-cases/x", None),
    ("PUT", "/api/v1/closing-cases/x/requirements/data_export", {"answer": "skip"}),
    ("POST", "/api/v1/closing-cases/x/quotes", None),
    ("POST", "/api/v1/closing-cases/x/confirm", {"quote_id": "x", "shown": []}),
    ("POST", "/api/v1/closing-cases/x/withdraw", None),
    ("POST", "/api/v1/accounts/T-1/reactivation", {"price_minor": 1, "currency": "USD"}),
    ("POST", "/webhooks/rest/webhook", {"message": "hello"}),
    ("GET", "/api/v1/conversation/messages", None),
]


@pytest.mark.parametrize(("method", "path", "body"), EVERY_ROUTE)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic YW5uOmFubg=="},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": f"Bearer {SERVICE}"},
    ],
)
def test_without_a_valid_token_every_route_says_401(
    api: Api, two: World, method: str, path: str, body: object, headers: dict[str, str]
) -> None:
    answer = api.call(method, path, json=body, headers=headers, key="k")

    assert problem(answer) == (401, "not_signed_in")


@pytest.mark.parametrize(("method", "path", "body"), EVERY_ROUTE[:-2])
def test_a_visitor_may_not_use_what_belongs_to_people(
    api: Api, two: World, method: str, path: str, body: object
) -> None:
    answer = api.call(method, path, token=api.guest("tresta"), json=body, key="k")

    assert problem(answer) == (403, "not_signed_in")


def test_a_foreign_account_and_an_unknown_one_get_the_same_404(api: Api, two: World) -> None:
    token = api.sign_in()

    answers = [
        api.call("POST", f"/api/v1/accounts/{number}/closing-case", token=token)
        for number in ("T-2", "T-404")
    ]

    assert [problem(a) for a in answers] == [(404, "not_found")] * 2
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(("method", "path", "body"), EVERY_ROUTE[2:7])
def test_a_foreign_case_and_an_unknown_one_get_the_same_404(
    api: Api, two: World, method: str, path: str, body: object
) -> None:
    foreign = open_case(api, api.sign_in("zoe@example"), "T-2")["id"]
    token = api.sign_in()

    answers = [
        api.call(method, path.replace("/x", f"/{case_id}"), token=token, json=body, key="k")
        for case_id in (foreign, "unknown")
    ]

    assert [problem(a) for a in answers] == [(404, "not_found")] * 2
    assert answers[0].json() == answers[1].json()
    assert two.show("T-2")["closing_case"]["state"] == "open"


@pytest.mark.parametrize(("method", "path", "body"), EVERY_ROUTE[3:7])
def test_who_sees_a_case_without_the_role_may_not_touch_it(
    api: Api, two: World, method: str, path: str, body: object
) -> None:
    case_id = open_case(api, api.sign_in())["id"]

    answer = api.call(
        method,
        path.replace("/x", f"/{case_id}"),
        token=api.sign_in("bob@example"),
        json=body,
        key="k",
    )

    assert problem(answer) == (403, "role_missing")


def test_opening_without_the_role_is_refused(api: Api, two: World) -> None:
    answer = api.call("POST", "/api/v1/accounts/T-1/closing-case", token=api.sign_in("bob@example"))

    assert problem(answer) == (403, "role_missing")


def test_a_case_that_is_over_takes_no_quote_and_no_answer(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)
    api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    quoted = api.call("POST", f"{path}/quotes", token=token)
    answered = api.call(
        "PUT", f"{path}/requirements/data_export", token=token, json={"answer": "export"}
    )

    assert problem(quoted) == problem(answered) == (409, "case_over")


@pytest.mark.parametrize("value", ["maybe", "", "DROP TABLE accounts", "decline"])
def test_an_answer_that_was_not_offered_is_refused(api: Api, two: World, value: str) -> None:
    token = api.sign_in()
    case_id = open_case(api, token)["id"]

    answer = api.call(
        "PUT",
        f"/api/v1/closing-cases/{case_id}/requirements/data_export",
        token=token,
        json={"answer": value},
    )

    assert problem(answer) == (422, "answer_not_offered")


def test_a_body_that_does_not_fit_names_its_fields(api: Api, two: World) -> None:
    token = api.sign_in()
    case_id = open_case(api, token)["id"]

    answer = api.call(
        "POST", f"/api/v1/closing-cases/{case_id}/confirm", token=token, key="k", json={"shown": 1}
    )

    assert problem(answer) == (422, "invalid_request")
    assert {f["field"] for f in answer.json()["fields"]} == {"body.quote_id", "body.shown"}


def test_only_the_service_token_reports_ports(api: Api, two: World) -> None:
    path, body = port_path(e164()), {"status": "submitted"}

    refused = api.call("PUT", path, token=api.sign_in(), json=body)
    unknown = api.call("PUT", port_path(e164(9)), token=SERVICE, json=body)
    invalid = api.call("PUT", path, token=SERVICE, json={"status": "verified"})
    taken = api.call("PUT", path, token=SERVICE, json=body)

    assert problem(refused) == (401, "service_token_wrong")
    assert problem(unknown) == (404, "not_found")
    assert problem(invalid) == (422, "invalid_request")
    assert taken.status_code == 204
    assert two.show("T-1")["numbers"][0]["port"] == "submitted"


@pytest.mark.parametrize("action", ["next-step", "confirm", "stop", "handover", "verified"])
def test_the_assistant_s_routes_take_the_service_token_only(
    api: Api, two: World, action: str
) -> None:
    token = api.sign_in()
    conversation = two.run(lambda work: work.session.query(Conversation).one().id)
    path = f"/api/v1/assistant/conversations/{conversation}/{action}"

    assert problem(api.call("POST", path, json={})) == (401, "not_signed_in")
    assert problem(api.call("POST", path, token=token, json={})) == (401, "service_token_wrong")
    assert api.call("POST", path, token=SERVICE, json={}).status_code == 200


def test_demo_sign_in_is_for_demo_mode_and_this_machine_only(world: World) -> None:
    world.load(account())
    for settings in ({"demo": False}, {"address": "192.0.2.7"}):
        api = Api(world, **settings)
        for method, path in (("POST", "/api/v1/demo/sign-in"), ("GET", "/api/v1/demo/people")):
            body = {"email": "ann@example"} if method == "POST" else None
            assert problem(api.call(method, path, json=body)) == (403, "demo_only")
        api.close()


def test_an_unknown_demo_person_is_not_found(api: Api, two: World) -> None:
    answer = api.call("POST", "/api/v1/demo/sign-in", json={"email": "no@example"})

    assert problem(answer) == (404, "not_found")


def test_a_guest_of_an_unknown_vendor_is_refused(api: Api) -> None:
    answer = api.call("POST", "/api/v1/guest", json={"vendor": "acme"})

    assert problem(answer) == (422, "unknown_vendor")


def test_an_unknown_path_is_a_problem_document_too(api: Api) -> None:
    assert problem(api.call("GET", "/api/v1/nothing"))[0] == 404


def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    answer = api.call("POST", "/api/v1/guest", content=b" " * 256_001)

    assert problem(answer) == (413, "too_large")


def test_an_unexpected_error_tells_nothing_about_the_inside(
    api: Api, two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api.sign_in()

    def crash(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("farewell.closing.case.accounts_of", crash)
    answer = api.call("GET", "/api/v1/me/accounts", token=token)

    assert problem(answer) == (500, "internal_error")
    assert "secret" not in answer.text
