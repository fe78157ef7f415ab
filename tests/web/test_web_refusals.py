"""What the server refuses, and what it tells the browser to refuse."""

import httpx
import pytest

from .filling import RUN


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/status?label=nobody", 404),
        ("/api/status?run=1", 404),
        ("/api/status?run=-1", 422),
        ("/api/status?run=99999999999999999999", 422),
        ("/api/status?lumi=x", 422),
        (f"/api/status?label={'x' * 300}", 422),
        (f"/api/maps/none/{RUN}/1", 404),
        (f"/api/maps/EB-digi/{RUN}/4", 404),
        (f"/api/maps/EB-digi/{RUN}/1?bundle=none", 404),
        (f"/api/maps/HCAL-digi/{RUN}/1?depth=9", 404),
        (f"/api/maps/EB-digi/{RUN}/1?depth=1", 404),
        ("/api/incidents/none", 404),
        ("/api/incidents?map=none", 404),
        ("/api/changes?since=-1", 422),
        ("/api/none", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
    ],
)
def test_what_makes_no_sense_is_refused_in_json_or_not_found(
    client: httpx.Client, path: str, code: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == code
    assert "detail" in answer.json()


def test_security_headers_are_on_every_answer(client: httpx.Client) -> None:
    for path in ("/", "/api/status", "/api/none", "/static/app.js", "/vendor/plotly.min.js", "/docs"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/status").headers["cache-control"] == "no-store"


def test_the_page_names_no_other_host_and_holds_no_inline_script(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page
    assert "onclick" not in page
    assert client.get("/vendor/plotly.min.js").headers["content-type"].startswith("text/javascript")
