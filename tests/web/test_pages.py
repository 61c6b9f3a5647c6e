"""Pages and their JSON twins, forms of every task, the typed API, runs from start to end."""

import json
import re

import pytest
from visitors import OURS, png_bytes, visible

from morphoscope.app import TASKS, Report, task_fields
from morphoscope.errors import MissingDependency, TaskFailed, UnknownFormat, WorkspaceError
from morphoscope.web.answers import status_of

JSON = OURS | {"accept": "application/json"}
SMALL = {"size_px": "64", "time": "20"}


def slug(task):
    return task.replace(" ", "-")


@pytest.mark.parametrize("path, twin", [("/", "/index.json"), ("/tasks", "/tasks.json"), ("/runs", "/runs.json")])
def test_a_page_shows_what_its_twin_says(client, path, twin):
    data = client.get(twin).json()
    text = visible(client.get(path).text)
    for group in data.get("groups", []):
        for task in group["tasks"]:
            assert task["summary"] in text
    for run in data.get("runs", []):
        assert run["title"] in text
    assert data["title"] in text


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_form_made_from_its_fields(client, task):
    data = client.get(f"/tasks/{slug(task)}.json").json()
    page = client.get(f"/tasks/{slug(task)}").text
    fields = task_fields(task)
    assert [field["name"] for field in data["fields"]] == list(fields)
    for name, field in fields.items():
        assert re.search(rf'<label[^>]* for="{name}(-file)?"', page) or f'id="{name}" name="{name}"' in page
        assert re.search(rf'<(input|select)[^>]* name="{name}"', page)
        assert field.param.help in visible(page)
        if field.limits and not field.param.choices:
            assert field.limits in visible(page)
        if not field.required and field.kind in ("int", "float") and field.default not in (None, ()):
            assert re.search(rf'name="{name}"[^>]* value="{re.escape(str(field.default))}(\.0)?"', page) or (
                f'value="{field.default:g}"' in page
            )


@pytest.mark.parametrize("task", TASKS)
def test_the_form_s_own_defaults_are_accepted(client, task):
    data = client.get(f"/tasks/{slug(task)}.json").json()
    sent = {field["name"]: field["default"] for field in data["fields"]}
    problems = client.post(f"/tasks/{slug(task)}/check", data=sent, headers=OURS).json()["problems"]
    assert set(problems) == {name for name, field in task_fields(task).items() if field.required}


WRONG = [
    ("size_px", "1", "is not allowed; it must be"),
    ("size_px", "12.5", "'12.5' is not a whole number"),
    ("time", "soon", "'soon' is not a number"),
    ("time", "nan", "'nan' is not a number"),
]


@pytest.mark.parametrize("name, value, words", WRONG)
def test_every_door_of_the_studio_says_the_same_sentence(client, lab, name, value, words):
    checked = client.post("/tasks/simulate-blend/check", data={name: value}, headers=OURS).json()["problems"]
    assert list(checked) == [name]
    assert words in checked[name]
    sent = client.post("/tasks/simulate-blend", data={name: value}, headers=OURS)
    assert sent.status_code == 422
    assert checked[name] in visible(sent.text)
    assert f'value="{value}"' in sent.text  # what was typed is still there
    by_script = client.post("/api/run/simulate-blend", json={name: value}, headers=OURS)
    assert (by_script.status_code, by_script.json()["error"]) == (422, checked[name])


def test_words_that_stand_for_no_file_can_be_chosen(client):
    page = client.get("/tasks/miscibility-train?weights=hub").text
    assert "<option>none</option>" in page
    assert "<option selected>hub</option>" in page
    checked = client.post("/tasks/miscibility-train/check", data={"weights": "hub"}, headers=OURS)
    assert "weights" not in checked.json()["problems"]


def test_a_form_marks_each_field_that_is_wrong(client):
    page = client.post("/tasks/simulate-blend", data={"size_px": "1", "time": "soon"}, headers=OURS).text
    assert page.count('aria-invalid="true"') == 2


def test_a_missing_input_is_said_at_its_field(client):
    answer = client.post("/tasks/measure-two-point", data={}, headers=OURS)
    assert answer.status_code == 422
    assert "measure two-point needs image: micrograph" in visible(answer.text)


@pytest.mark.parametrize("seed", ["-1", "a", "1.5"])
def test_a_wrong_seed_is_said(client, seed):
    answer = client.post("/tasks/simulate-blend", data=SMALL | {"seed": seed}, headers=OURS)
    assert answer.status_code == 422
    assert f"seed: '{seed}' is not a whole number from 0 to 2^63 - 1" in visible(answer.text)


def test_an_unknown_device_is_said(client):
    answer = client.post("/api/run/simulate-blend", json={"device": "abacus"}, headers=OURS)
    assert answer.json()["error"] == "device: 'abacus' is not one of auto, cpu, cuda"


@pytest.mark.parametrize(
    "path, sentence",
    [
        ("/nowhere", "There is no page /nowhere."),
        ("/tasks/knit", "no task 'knit'; the studio's tasks page lists those there are"),
        ("/runs/nothing", "no run 'nothing'"),
        ("/view/0123/none.png", "no file 'none.png' there"),
    ],
)
def test_an_unknown_page_is_a_friendly_404(client, path, sentence):
    answer = client.get(path)
    assert answer.status_code == 404
    assert sentence in visible(answer.text)
    assert 'href="/tasks"' in answer.text
    twin = client.get(f"{path}.json")
    assert twin.status_code == 404
    assert set(twin.json()) == {"error", "status"}


def test_a_page_asked_with_the_wrong_verb_is_one_sentence(client):
    answer = client.post("/runs.json", headers=OURS)
    assert (answer.status_code, answer.json()["error"]) == (405, "/runs.json cannot be asked with POST.")


@pytest.mark.parametrize(
    "body, sentence",
    [
        (b"{", "the request's body is not JSON; send an object with the task's parameters"),
        (b"\xff", "the request's body is not JSON; send an object with the task's parameters"),
        (b"[1]", "the request's body is a list, not an object with the task's parameters"),
        (b'{"chie": 1}', "simulate blend has no parameter 'chie'; it has "),
        (b'{"seed": "x"}', "seed: 'x' is not a whole number from 0 to 2^63 - 1"),
    ],
)
def test_a_bad_body_is_one_sentence(client, body, sentence):
    answer = client.post("/api/run/simulate-blend", content=body, headers=OURS)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(sentence)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain"])
def test_a_broken_form_is_one_sentence(client, kind):
    answer = client.post("/uploads", content=b"--y\r\nrubbish", headers=JSON | {"content-type": kind})
    assert answer.status_code == 422
    assert answer.json()["error"] in (
        "the sent form cannot be read; send multipart/form-data",
        "file: choose at least one file to upload",
    )


def test_the_schema_types_a_post_for_every_task(client):
    schema = client.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.")
    for task in TASKS:
        post = schema["paths"][f"/api/run/{slug(task)}"]["post"]
        body = post["requestBody"]["content"]["application/json"]["schema"]
        assert set(body["properties"]) == {*task_fields(task), "seed", "device"}
        assert set(body["required"]) == {name for name, field in task_fields(task).items() if field.required}
        assert body["additionalProperties"] is False
    phase = schema["paths"]["/api/run/measure-two-point"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert phase["properties"]["phase"]["enum"] == ["bright", "dark"]
    assert phase["properties"]["smooth_px"] | {"description": ""} == {
        "type": "number",
        "minimum": 0,
        "maximum": 100,
        "default": 0.0,
        "description": "",
    }
    for path in ("/index.json", "/runs.json", "/runs/{run_id}.json", "/view/{digest}/{name}.json", "/tasks/{name}.json"):
        assert "get" in schema["paths"][path]


def test_a_report_is_the_same_json_as_from_the_command_line(client, lab):
    page = client.get(f"/runs/{lab.measured}.json").json()
    plain = client.get(f"/runs/{lab.measured}/report.json")
    stored = (lab.root / "runs" / lab.measured / "report.json").read_text()
    assert plain.text == stored == Report.from_json(stored).to_json()
    assert page["report"] == json.loads(stored)
    assert (page["state"], page["task"]) == ("done", "measure two-point")


def test_a_report_page_shows_values_figures_and_how_to_get_it_again(client, lab):
    page = client.get(f"/runs/{lab.measured}").text
    report = lab.shelf.report(lab.measured)
    for name, quantity in report.values.items():
        assert f'data-name="{name}">{quantity.value:.5g}<' in page
    assert "morphoscope measure two-point " in visible(page)
    assert "plotly.js" in page
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert all({"data", "layout"} == set(json.loads(block)) for block in blocks)
    sources = re.findall(r'<img src="([^"]+)"', page)
    assert sources
    assert all(client.get(source).headers["content-type"].startswith("image/") for source in sources)


def test_a_finished_run_leads_back_to_its_form_filled_in(client, lab):
    again = client.get(f"/runs/{lab.measured}.json").json()["again"]
    fields = {field["name"]: field for field in client.get(again.replace("?", ".json?")).json()["fields"]}
    assert fields["image"]["chosen"] == [lab.reference]
    assert fields["pixel_size_nm"]["value"] == "2"
    assert f'<option value="{lab.reference}" selected>' in client.get(again).text


def test_runs_are_filtered_by_state_and_words(client, lab):
    ids = lambda **query: {run["id"] for run in client.get("/runs.json", params=query).json()["runs"]}  # noqa: E731
    assert {lab.blend, lab.measured} <= ids()
    assert lab.blend in ids(q="BLEND", state="done")
    assert lab.measured not in ids(q="blend")
    assert ids(state="interrupted") == set()


def test_a_run_from_the_form_is_followed_to_its_report(client, finished):
    sent = client.post("/tasks/simulate-blend", data=SMALL | {"seed": "5"}, headers=OURS)
    assert sent.status_code == 303
    address = sent.headers["location"]
    assert finished(address.removeprefix("/runs/"))["state"] == "done"
    assert client.get(f"{address}.json").json()["report"]["seed"] == 5


def test_a_file_sent_with_the_form_is_the_input(client, finished):
    sent = client.post(
        "/tasks/inspect", data={"file": ""}, files={"file.file": ("sent with it.png", png_bytes(32))}, headers=OURS
    )
    assert sent.status_code == 303, visible(sent.text)
    run_id = sent.headers["location"].removeprefix("/runs/")
    assert finished(run_id)["state"] == "done"
    report = client.get(f"/runs/{run_id}/report.json").json()
    assert report["values"]["width_px"]["value"] == 32


def test_a_file_of_a_run_is_offered_and_taken(client, lab):
    data = client.get("/tasks/inspect.json").json()
    offered = {file["reference"] for group in data["files"] for file in group["files"]}
    assert lab.reference in offered
    (mine,) = [r for r in sorted(offered) if r.startswith(f"run:{lab.blend}/") and r.endswith(".png")][:1]
    assert client.post("/tasks/inspect/check", data={"file": mine}, headers=OURS).json()["problems"] == {}


def test_a_script_starts_finds_and_reads_a_run(client, finished, lab):
    body = {"size_px": 64, "time": 20}
    first = client.post("/api/run/simulate-blend", json=body, headers=OURS)
    assert first.status_code == 202
    assert first.json()["run"] == lab.blend
    assert first.json()["state"] == "done"
    assert client.post("/api/run/simulate%20blend", json=body, headers=OURS).json()["run"] == lab.blend
    assert client.get(first.json()["report"]).json()["run"] == lab.blend


def test_a_broken_upload_is_one_sentence_in_the_run_and_in_its_view(client, finished):
    files = {"file": ("broken.png", b"\x89PNG\r\n\x1a\nnothing more")}
    (kept,) = client.post("/uploads", files=files, headers=JSON).json()["files"]
    view = client.get(kept["href"])
    assert view.status_code == 200
    assert "broken.png: " in visible(view.text)
    run_id = client.post("/api/run/inspect", json={"file": kept["reference"]}, headers=OURS).json()["run"]
    state = finished(run_id)
    assert state["state"] == "failed"
    assert state["error"].startswith("broken.png: ")
    page = client.get(f"/runs/{run_id}")
    assert page.status_code == 200
    assert state["error"] in visible(page.text)
    assert "Traceback" not in page.text
    assert run_id in {run["id"] for run in client.get("/runs.json", params={"state": "failed"}).json()["runs"]}
    assert client.get(f"/runs/{run_id}/report.json").status_code == 404
    assert client.get(client.get(f"/runs/{run_id}.json").json()["again"]).status_code == 200


def test_a_long_run_is_cancelled(client, finished):
    started = client.post("/api/run/simulate-blend", json={"size_px": 128, "time": 1_000_000}, headers=OURS).json()
    assert "Cancel" in visible(client.get(started["page"]).text)
    assert client.post(f"/runs/{started['run']}/cancel", headers=OURS).status_code == 303
    assert finished(started["run"])["state"] == "cancelled"
    assert "Cancelled." in visible(client.get(started["page"]).text)
    assert client.post("/api/runs/nothing/cancel", headers=OURS).status_code == 404


def test_an_upload_is_shown_with_its_facts_and_the_tasks_that_take_it(client, lab):
    address = "/view/" + lab.reference.removeprefix("upload:")
    data = client.get(f"{address}.json").json()
    assert {"label": "Size", "text": "48 × 48 px, 8 bit"} in data["facts"]
    assert data["image"]["width_px"] == 48
    assert (data["image"]["offset"], data["image"]["gain"], data["image"]["exact"]) == (0, 1, True)
    assert [task["task"] for task in data["tasks"]][:2] == ["inspect", "measure two-point"]
    page = client.get(address).text
    assert client.get(data["pixels"]).headers["content-type"] == "image/png"
    assert client.get(f"{address}/thumbnail.png").headers["content-type"] == "image/png"
    for task in data["tasks"]:
        assert task["href"].replace("&", "&amp;") in page
        assert client.get(task["href"]).status_code == 200


def test_files_that_come_together_stay_together(client):
    files = [("file", ("a.png", png_bytes(20))), ("file", ("b.png", png_bytes(24)))]
    answer = client.post("/uploads", files=files, headers=JSON)
    assert answer.status_code == 201
    first, second = answer.json()["files"]
    assert client.get(f"{first['href']}.json").json()["others"] == [{"name": "b.png", "href": second["href"]}]
    plain = client.post("/uploads", files=files, headers=OURS)
    assert (plain.status_code, plain.headers["location"]) == (303, first["href"])


def test_every_kind_of_error_has_its_status():
    assert status_of(UnknownFormat("a.xyz", "no reader")) == 415
    assert status_of(MissingDependency("av", "video", "read MP4 files")) == 501
    assert status_of(WorkspaceError("full")) == 507
    assert status_of(TaskFailed("a defect")) == 500


def test_every_page_links_only_to_itself(client, lab):
    for path in ("/", "/tasks", "/tasks/simulate-blend", "/runs", f"/runs/{lab.measured}", "/nowhere"):
        page = client.get(path).text
        for address in re.findall(r'<(?:script|link|img|form)[^>]* (?:src|href|action)="([^"]+)"', page):
            assert address.startswith("/")
            assert not address.startswith("//")
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert not re.search(r"<[a-z][^>]*\son\w+=", page)
