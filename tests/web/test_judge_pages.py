"""Images judged and corrected in the studio, and the corrections behind the other doors."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from visitors import OURS, visible

import morphoscope as ms
from morphoscope.app import Workspace, judgements, task_fields
from morphoscope.datasets import labelled
from morphoscope.datasets.corrected import corrected
from morphoscope.errors import BadParameter, InputError, NotFound, WorkspaceError

JSON = OURS | {"accept": "application/json"}


def picture(path, seed):
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 255, (48, 48), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two grainy images and one that is broken."""
    folder = tmp_path_factory.mktemp("images")
    broken = folder / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return [picture(folder / "a.png", 1), picture(folder / "b.png", 2), broken]


@pytest.fixture
def judged(client, finished, images):
    """Address of a judgement of the images."""
    sent = [("file", (path.name, path.read_bytes())) for path in images]
    answer = client.post("/judge", data={"model": ""}, files=sent, headers=OURS)
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert finished(address.rpartition("/")[2])["state"] == "done"
    return address


def test_the_page_offers_the_shipped_model(client):
    data = client.get("/judge.json").json()
    assert data["models"][0]["classes"] == ["immiscible", "miscible"]
    assert data["models"][0]["reference"] == ""
    assert "AUROC" in visible(client.get("/judge").text)


def test_dropped_images_are_judged_with_their_pictures(client, judged):
    data = client.get(f"{judged}.json").json()["judgement"]
    assert [image["file"] for image in data["images"]][-1] == "broken.png"
    assert {image["file"] for image in data["images"]} == {"a.png", "b.png", "broken.png"}
    logits = [image["logit"] for image in data["images"] if image["logit"] is not None and image["answer"]]
    assert sum(image["logit"] is not None for image in data["images"]) == 2
    answered = [bool(image["answer"]) for image in data["images"]]
    assert answered == sorted(answered, reverse=True)
    assert logits == sorted(logits, reverse=True)
    text = visible(client.get(judged).text)
    assert "no answer" in text
    assert "broken.png: cut short" in text
    for size in ("small", "large"):
        answer = client.get(f"{judged}/0/{size}.png")
        assert answer.headers["content-type"] == "image/png"
    assert client.get(f"{judged}/9/small.png").status_code == 404


def test_a_corrected_label_is_kept_changed_and_taken_back(client, judged, lab):
    def correct(label):
        return client.post(f"{judged}/0", data={"label": label}, headers=JSON)

    assert correct("miscible").json() == {"number": 0, "corrected": "miscible", "kept": 1}
    assert correct("immiscible").json()["kept"] == 1
    assert client.get(f"{judged}.json").json()["judgement"]["images"][0]["corrected"] == "immiscible"
    with open(lab.corrections.table, newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["label"], row["classes"], row["who"] != "", row["when"][-1]) == ("immiscible", "immiscible;miscible", True, "Z")
    assert (lab.corrections.table.parent / row["file"]).is_file()
    assert correct("soluble").status_code == 422
    assert client.post(f"{judged}/0", data={"label": ""}, headers=OURS).status_code == 303
    assert lab.corrections.all() == []
    assert not (lab.corrections.table.parent / row["file"]).exists()
    assert correct("").status_code == 404


def test_nothing_sent_and_unknown_models_are_said(client, images):
    sent = client.post("/judge", data={"model": ""}, headers=OURS)
    assert sent.status_code == 422
    assert "choose at least one image" in visible(sent.text)
    some = {"file": (images[0].name, images[0].read_bytes())}
    sent = client.post("/judge", data={"model": "nobody"}, files=some, headers=OURS)
    assert (sent.status_code, "upload a file or choose a file of a run" in visible(sent.text)) == (422, True)
    sent = client.post("/judge", data={"model": "run:nobody"}, files=some, headers=OURS)
    assert (sent.status_code, "no finished run 'nobody'" in visible(sent.text)) == (404, True)


def test_a_report_leads_to_its_judgement_and_forms_offer_corrections(client, judged, lab):
    run_id = judged.rpartition("/")[2]
    assert f'href="{judged}"' in client.get(f"/runs/{run_id}").text
    assert f'href="/judge/{lab.measured}"' not in client.get(f"/runs/{lab.measured}").text
    client.post(f"{judged}/1", data={"label": "miscible"}, headers=JSON)
    assert '<option value="corrections">corrected labels' in client.get("/tasks/miscibility-train").text
    asked = {"data": "corrections", "corrections": "corrections"}
    assert client.post("/tasks/miscibility-train/check", data=asked, headers=OURS).json()["problems"] == {}
    client.post(f"{judged}/1", data={"label": ""}, headers=JSON)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_judgement_is_explained(client, judged, finished):
    answer = client.post(f"{judged}/0/why", headers=JSON).json()
    assert finished(answer["run"], seconds=240)["state"] == "done"
    report = client.get(f"{answer['page']}/report.json").json()
    assert report["tables"]["reasons"][0]["reason"]
    assert client.get(f"{answer['page']}/pictures/{report['files']['map']}").headers["content-type"] == "image/png"


def test_a_run_that_judged_nothing_has_no_judgement(client, lab):
    assert client.get(f"/judge/{lab.measured}").status_code == 404


def test_a_strange_site_cannot_correct(client, judged, lab):
    assert client.post(f"{judged}/0", data={"label": "miscible"}, headers={"origin": "http://evil.test"}).status_code == 403
    assert lab.corrections.all() == []


def test_three_doors_keep_one_correction(images, tmp_path):
    lab = Workspace(tmp_path / "lab")
    ms.correct(images[0], label="miscible", who="Ada", workspace=lab.root)
    words = ["corrections", "add", str(images[1]), "--label", "immiscible", "--workspace", str(lab.root)]
    subprocess.run([sys.executable, "-m", "morphoscope", *words], check=True, capture_output=True)
    assert [(row.file.rpartition("/")[2], row.label) for row in lab.corrections.all()] == [
        ("a.png", "miscible"),
        ("b.png", "immiscible"),
    ]
    assert lab.corrections.all()[0].who == "Ada"
    listed = [sys.executable, "-m", "morphoscope", "corrections", "list", "--json", "--workspace", str(lab.root)]
    rows = json.loads(subprocess.run(listed, check=True, capture_output=True, text=True).stdout)
    assert [row["label"] for row in rows] == ["miscible", "immiscible"]
    assert {sample.label for sample in labelled.load(lab.inputs.resolve("corrections"))} == {"miscible", "immiscible"}
    with pytest.raises(BadParameter, match="'mixed' is not one of immiscible, miscible"):
        ms.correct(images[0], label="mixed", workspace=lab.root)


def test_a_set_learns_from_corrections(images, tmp_path):
    for label, path in (("immiscible", images[0]), ("miscible", images[1])):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "x.png").write_bytes(path.read_bytes())
    lab = Workspace(tmp_path / "lab")
    lab.corrections.add(images[0], "miscible", classes=("immiscible", "miscible"))
    lab.corrections.add(picture(tmp_path / "new.png", 7), "immiscible", classes=("immiscible", "miscible"))
    lab.corrections.add(images[0], "good", classes=("bad", "good"))
    dataset = corrected(labelled.load(tmp_path / "set"), lab.corrections.table)
    assert [(s.files["image"].name, s.label) for s in dataset] == [
        ("x.png", "miscible"),
        ("x.png", "miscible"),
        ("new.png", "immiscible"),
    ]
    assert "1 changed, 1 images added, 1 of other classes left out" in dataset.notes[-1]


def test_no_corrections_yet_is_one_sentence(tmp_path):
    with pytest.raises(NotFound, match="no label was corrected in this workspace yet"):
        Workspace(tmp_path).inputs.resolve("corrections")


def test_models_are_kept_under_a_name(tmp_path):
    lab = Workspace(tmp_path / "lab")
    run = lab.runs / "classify-train-1"
    (run / "model").mkdir(parents=True)
    (run / "report.json").write_text("{}")
    told = {"kind": "descriptor judgement", "settings": {"classes": ["a", "b"], "honest": "good"}}
    (run / "model" / "model.json").write_text(json.dumps(told))
    lab.models.keep(run.name, "steel")
    (known,) = lab.models.all()
    assert (known.name, known.classes, known.honest) == ("steel", ("a", "b"), "good")
    assert judgements.task_of(known) == "classify predict"
    field = task_fields("classify predict")["model"]
    assert lab.inputs.resolve("steel", field) == lab.root / "models" / "steel"
    assert lab.inputs.reference(lab.root / "models" / "steel") == "steel"
    with pytest.raises(WorkspaceError, match="there is a model 'steel' already"):
        lab.models.keep(run.name, "steel")
    with pytest.raises(InputError, match="is no name for a model"):
        lab.models.keep(run.name, "../steel")
    lab.models.keep(run.name, "steel", replace=True)
