"""Who may ask: token, host, origin, size, and what every answer carries."""

import json

import pytest
from visitors import BASE, OURS, PORT, TOKEN, TestClient, png_bytes, visible

from morphoscope.web import create_app

PAGES = ["/", "/tasks", "/tasks/inspect", "/runs", "/index.json", "/tasks.json", "/runs.json", "/openapi.json"]


@pytest.mark.parametrize("path", PAGES)
def test_without_the_token_nothing_is_shown(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 401
    sentence = "Open the studio with the whole address that the terminal printed; it carries a token."
    assert sentence in (answer.json()["error"] if path.endswith(".json") else visible(answer.text))


def test_the_token_becomes_a_cookie_and_leaves_the_address(stranger):
    answer = stranger.get("/runs", params={"token": TOKEN, "state": "done"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?state=done")
    cookie = answer.headers["set-cookie"]
    assert f"morphoscope_{PORT}={TOKEN}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert stranger.get("/runs").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ü"])
def test_a_wrong_token_is_refused(stranger, token):
    answer = stranger.get("/", params={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert stranger.get("/").status_code == 401


def test_the_redirect_of_a_token_stays_here(stranger):
    answer = stranger.get(f"{BASE}//elsewhere.example/x", params={"token": TOKEN})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/elsewhere.example/x"


def test_a_script_may_show_the_token_in_a_header(stranger):
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert stranger.get("/runs.json", headers=bearer).status_code == 200
    assert stranger.get("/runs.json", headers={"authorization": "Bearer no"}).status_code == 401
    body = {"size_px": -1}
    assert stranger.post("/api/run/simulate-blend", json=body, headers=bearer).status_code == 422


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", "127.0.0.1", "", f"127.0.0.1.x:{PORT}"])
def test_another_host_is_refused_whatever_it_knows(client, host):
    answer = client.get("/runs", headers={"host": host})
    assert answer.status_code == 421
    assert f"This studio answers at http://127.0.0.1:{PORT} only." in visible(answer.text)


@pytest.mark.parametrize("host", [f"localhost:{PORT}", f"[::1]:{PORT}", f"LOCALHOST:{PORT}"])
def test_our_own_names_are_answered(client, host):
    headers = {"host": host, "cookie": f"morphoscope_{PORT}={TOKEN}"}
    assert client.get("/runs", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": BASE, "sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/uploads", "/tasks/inspect", "/api/run/inspect", "/runs/x/cancel"])
def test_what_changes_something_must_come_from_our_own_page(client, path, headers):
    answer = client.post(path, headers=headers)
    assert answer.status_code == 403
    assert "came from another page" in answer.text


@pytest.mark.parametrize(
    "headers", [OURS, {"origin": f"http://localhost:{PORT}"}, {"origin": "null", "sec-fetch-site": "same-origin"}]
)
def test_our_own_page_may_change_something(client, headers):
    assert client.post("/uploads", headers=headers).status_code == 422


def test_a_large_upload_is_refused_by_its_announced_length(client):
    files = {"file": ("big.png", b"\0" * (3 * 2**20))}
    answer = client.post("/uploads", files=files, headers=OURS | {"accept": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("The upload is larger than the limit of 1 MiB; ")


def test_a_large_upload_is_refused_while_it_comes(client, lab):
    def stream():
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.png"\r\n\r\n'
        for _ in range(48):
            yield b"\0" * 2**16
        yield b"\r\n--b--\r\n"

    headers = OURS | {"content-type": "multipart/form-data; boundary=b", "accept": "application/json"}
    answer = client.post("/uploads", content=stream(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("The upload is larger than the limit of 1 MiB; ")
    assert not list((lab.root / "inputs").glob(".part*"))


def test_one_byte_over_the_limit_is_refused_and_nothing_is_kept(client, lab):
    before = sorted((lab.root / "inputs").iterdir())
    files = {"file": ("big.png", b"\0" * (2**20 + 1))}
    answer = client.post("/uploads", files=files, headers=OURS | {"accept": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("The upload is larger than the limit of 1 MiB; ")
    assert sorted((lab.root / "inputs").iterdir()) == before


@pytest.mark.parametrize(
    "path", ["/", "/runs.json", "/runs/nothing", "/static/report.js", "/static/plotly.js", "/static/nothing.js", "/openapi.json"]
)
def test_every_answer_is_armed(client, path):
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert "http:" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_refusals_are_armed_too(stranger):
    assert "frame-ancestors 'none'" in stranger.get("/", headers={"host": "evil"}).headers["content-security-policy"]


TRAVERSALS = [
    "../../config.json",
    "..%2f..%2fdigests.tsv",
    "%2e%2e/%2e%2e/digests.tsv",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "../x\0",
]


@pytest.mark.parametrize("name", TRAVERSALS)
@pytest.mark.parametrize("kind", ["files", "pictures"])
def test_no_path_leads_out_of_a_run(client, lab, kind, name):
    answer = client.get(f"/runs/{lab.blend}/{kind}/{name.replace(chr(0), '%00')}")
    assert answer.status_code == 404, answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("run_id", ["%2e%2e", "..%2f..", "x%00", ".hidden"])
def test_no_path_leads_out_of_the_runs(client, run_id):
    for ending in ("", ".json", "/report.json", "/report.html", "/progress.json"):
        assert client.get(f"/runs/{run_id}{ending}").status_code in (303, 307, 404)


@pytest.mark.parametrize("reference", ["../runs", "..%2f..", "x/../../digests.tsv"])
def test_no_path_leads_out_of_the_uploads(client, reference):
    assert client.get(f"/view/{reference}/y").status_code == 404
    assert client.get(f"/view/{reference}/pixels.png").status_code == 404


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "C:\\x.tif", "upload:../../etc/passwd", "run:../x", "run:x/../../y", "file:///etc/passwd"]
)
def test_the_browser_names_no_file_of_the_server(client, path):
    by_script = client.post("/api/run/inspect", json={"file": path}, headers=OURS)
    assert by_script.status_code in (404, 422)
    by_form = client.post("/tasks/inspect", data={"file": path}, headers=OURS)
    assert by_form.status_code in (404, 422)
    for answer in (by_script, by_form):
        assert "root:" not in answer.text
    if not path.startswith(("upload:", "run:")):
        assert "paths of the server are not accepted" in by_script.json()["error"]


def test_a_run_s_page_file_is_handed_over_and_never_runs_here(client, lab):
    answer = client.get(f"/runs/{lab.blend}/report.html")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src 'self'" not in answer.headers["content-security-policy"]


def test_an_upload_s_name_is_made_harmless(client):
    name = "../../<img src=x onerror=alert(1)>?.png"
    files = {"file": (name, png_bytes(20))}
    answer = client.post("/uploads", files=files, headers=OURS | {"accept": "application/json"})
    (kept,) = answer.json()["files"]
    assert not set('<>"?/') & set(kept["name"])
    page = client.get(kept["href"])
    assert page.status_code == 200
    assert "<img src=x" not in page.text


def test_without_a_token_asked_for_the_rest_still_stands(lab):
    open_to_all = TestClient(create_app(lab, port=PORT), base_url=BASE, follow_redirects=False)
    assert open_to_all.get("/runs").status_code == 200
    assert open_to_all.get("/runs", headers={"host": "evil"}).status_code == 421
    assert open_to_all.post("/uploads", headers={"origin": "http://evil.example"}).status_code == 403
    assert open_to_all.post("/uploads").status_code == 422
    assert json.loads(open_to_all.get("/index.json").text)["title"] == "morphoscope"
