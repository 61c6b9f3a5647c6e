"""Reports as plotly figures and as pages: what is drawn, what is escaped, what needs no network."""

import base64
import io
import json
import re
import shlex
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
import tifffile
from PIL import Image

from morphoscope.app import Workspace, render
from morphoscope.app.render import words
from morphoscope.cli import main
from morphoscope.core import Curve, Figure, LabelMap, Micrograph, Pattern, Quantity, Report, Stack
from morphoscope.errors import NotFound, UnreadableFile

R = np.linspace(0, 50, 40)
EVIL = '<img src=x onerror="alert(1)">&</script><script>alert(2)</script>'


def curve(**known):
    return Curve(R, np.exp(-R / 10), "r", "S2", x_unit="nm", **known)


def one_figure(kind, data, **parts):
    return Report("A report", figures={"f": Figure(kind, data)}, **parts)


@pytest.fixture
def folder(tmp_path):
    grey = np.linspace(0, 255, 48 * 64).reshape(48, 64)
    Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "deep.tif", (grey * 200).astype(np.uint16))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nhalf")
    return tmp_path


def test_a_line_has_names_units_and_its_interval_as_a_band(folder):
    drawn = render.figure(one_figure("line", ("S2",), curves={"S2": curve(y_error=np.full(40, 0.1))}), "f", folder)
    low, high, line = drawn["data"]
    assert drawn["layout"]["xaxis"]["title"]["text"] == "r (nm)"
    assert drawn["layout"]["yaxis"]["title"]["text"] == "S2"
    assert high["fill"] == "tonexty"
    assert low["y"][0] == pytest.approx(1 - 0.196)
    assert high["y"][0] == pytest.approx(1 + 0.196)
    assert line["y"][0] == 1
    assert "showlegend" in low
    assert not drawn["layout"]["showlegend"]


def test_a_line_without_interval_has_no_band_and_two_lines_have_a_legend(folder):
    report = one_figure("line", ("a", "b"), curves={"a": curve(), "b": curve()})
    drawn = render.figure(report, "f", folder)
    assert [trace["name"] for trace in drawn["data"]] == ["A", "B"]
    assert drawn["layout"]["showlegend"]
    assert drawn["data"][0]["line"]["color"] != drawn["data"][1]["line"]["color"]


def test_numbers_that_are_not_finite_become_gaps(folder):
    y = np.array([1.0, np.nan, np.inf])
    drawn = render.figure(one_figure("line", ("c",), curves={"c": Curve(np.arange(3.0), y, "x", "y")}), "f", folder)
    assert drawn["data"][0]["y"] == [1.0, None, None]
    json.dumps(drawn, allow_nan=False)


def test_scattering_is_shown_on_logarithmic_axes_and_s2_is_not(folder):
    q = np.geomspace(0.01, 3, 50)
    intensity = Curve(q, 1 / (1 + (q / 0.05) ** 4), "q", "I", x_unit="1/nm")
    drawn = render.figure(one_figure("band", ("I",), curves={"I": intensity}), "f", folder)
    assert (drawn["layout"]["xaxis"]["type"], drawn["layout"]["yaxis"]["type"]) == ("log", "log")
    assert drawn["layout"]["xaxis"]["title"]["text"] == "q (nm⁻¹)"
    assert "type" not in render.figure(one_figure("line", ("S",), curves={"S": curve()}), "f", folder)["layout"]["yaxis"]


def test_measured_points_have_bars_and_their_fit_is_a_line(folder):
    q = np.geomspace(0.01, 3, 50)
    truth = 1 / (1 + (q / 0.05) ** 4)
    seen = truth.copy()
    seen[-1] = -1e-7
    curves = {"I": Curve(q, seen, "q", "I", x_unit="1/nm", y_error=0.6 * truth), "fit": Curve(q, truth, "q", "I", x_unit="1/nm")}
    drawn = render.figure(one_figure("points", ("I", "fit"), curves=curves), "f", folder)
    points, line = drawn["data"]
    assert (points["mode"], line["mode"]) == ("markers", "lines")
    assert (drawn["layout"]["xaxis"]["type"], drawn["layout"]["yaxis"]["type"]) == ("log", "log")
    assert points["y"][-1] is None  # what is not positive has no place on a logarithmic axis
    assert points["error_y"]["array"][0] == pytest.approx(1.176, rel=5e-3)
    assert 0 < points["error_y"]["arrayminus"][0] < points["y"][0]  # a bar below zero ends above it
    flat = {name: Curve(R, 1 + R / 50, "r", "S2") for name in ("S2", "fit")}
    assert "type" not in render.figure(one_figure("points", ("S2", "fit"), curves=flat), "f", folder)["layout"]["yaxis"]


def test_bars_of_numbers_stand_where_the_numbers_are(folder):
    rows = [{"diameter_nm": 10.0, "particles": 3}, {"diameter_nm": 20.0, "particles": 5}]
    drawn = render.figure(one_figure("bar", ("sizes",), tables={"sizes": rows}), "f", folder)
    assert drawn["data"][0]["x"] == [10.0, 20.0]
    assert drawn["layout"]["xaxis"]["type"] == "linear"
    assert drawn["layout"]["xaxis"]["title"]["text"] == "Diameter (nm)"


def test_one_column_by_group_shows_every_row_as_a_named_dot(folder):
    rows = [
        {"file": "a.tif", "group": "x", "d_mean_nm": 1.0, "other": 3},
        {"file": "b.tif", "group": "y", "d_mean_nm": 2.0, "other": 4},
        {"file": "c.tif", "group": "", "d_mean_nm": 5.0, "other": 4},
        {"file": "d.tif", "group": "y", "d_mean_nm": None, "other": 4},
    ]
    drawn = render.figure(one_figure("box", ("images:d_mean_nm:group",), tables={"images": rows}), "f", folder)
    (trace,) = drawn["data"]
    assert (trace["x"], trace["y"], trace["text"]) == (["x", "y"], [1.0, 2.0], ["a.tif", "b.tif"])
    assert trace["boxpoints"] == "all"
    assert drawn["layout"]["yaxis"]["title"]["text"] == "Mean diameter (nm)"
    assert drawn["layout"]["xaxis"]["type"] == "category"


def test_a_forest_has_a_dot_with_its_interval_for_each_row(folder):
    rows = [
        {"quantity": "d_mean_nm", "groups": "a → b", "g": 1.0, "g_low": 0.5, "g_high": 2.0},
        {"quantity": "period_nm", "groups": "a → b", "g": -1.0, "g_low": None, "g_high": None},
        {"quantity": "unknown", "groups": "a → b", "g": None, "g_low": None, "g_high": None},
    ]
    drawn = render.figure(one_figure("forest", ("effects:g",), tables={"effects": rows}), "f", folder)
    (trace,) = drawn["data"]
    assert trace["y"] == ["Mean diameter (nm)", "Period (nm)"]
    assert trace["x"] == [1.0, -1.0]
    assert (trace["error_x"]["array"], trace["error_x"]["arrayminus"]) == ([1.0, None], [0.5, None])


def test_columns_say_their_unit_once():
    assert words.head("d_mean_nm") == "Mean diameter (nm)"
    assert words.head("interface_per_area_per_nm") == "Interface per area (nm⁻¹)"
    assert words.head("period_nm_low") == "Period (nm), low"
    assert words.head("scale_low") == "Scale low"
    assert words.number(1750.4, 3) == "1750"
    assert words.number(1.5e7, 3) == "1.5×10⁷"


def test_bars_take_the_label_the_numbers_and_the_interval(folder):
    rows = [{"phase": "a", "share": 0.5, "low": 0.4, "high": 0.7}, {"phase": "b", "share": 0.3, "low": 0.2, "high": 0.35}]
    (bars,) = render.figure(one_figure("bar", ("t",), tables={"t": rows}), "f", folder)["data"]
    assert (bars["x"], bars["y"]) == (["a", "b"], [0.5, 0.3])
    assert bars["error_y"]["array"] == pytest.approx([0.2, 0.05])
    assert bars["error_y"]["arrayminus"] == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("kind", ["box", "violin"])
def test_distributions_are_grouped_by_the_column_of_text(kind, folder):
    rows = [{"kind": "ab"[i % 2], "diameter_nm": float(i)} for i in range(8)]
    (trace,) = render.figure(one_figure(kind, ("t",), tables={"t": rows}), "f", folder)["data"]
    assert trace["type"] == kind
    assert trace["x"] == ["a", "b"] * 4
    assert trace["y"] == [float(i) for i in range(8)]


def test_a_confusion_shows_counts_and_shares_of_each_true_label(folder):
    rows = [{"true": "mixed", "mixed": 30, "split": 10}, {"true": "split", "mixed": 0, "split": 0}]
    (cells,) = render.figure(one_figure("confusion", ("t",), tables={"t": rows}), "f", folder)["data"]
    assert cells["z"] == [[0.75, 0.25], [0, 0]]
    assert cells["text"][0] == ["30<br>75%", "10<br>25%"]


def test_a_heat_map_has_rows_and_columns(folder):
    rows = [{"chi": 1.0, "0.1": 5, "0.2": None}, {"chi": 2.0, "0.1": 7, "0.2": 8}]
    (cells,) = render.figure(one_figure("heat", ("t",), tables={"t": rows}), "f", folder)["data"]
    assert (cells["x"], cells["y"], cells["z"]) == (["0.1", "0.2"], [1.0, 2.0], [[5, None], [7, 8]])


def test_parity_has_a_diagonal_over_all_points(folder):
    rows = [{"sample": "s", "measured_nm": 1.0, "predicted_nm": 3.0}, {"sample": "t", "measured_nm": 2.0, "predicted_nm": 0.5}]
    diagonal, dots = render.figure(one_figure("parity", ("t",), tables={"t": rows}), "f", folder)["data"]
    assert diagonal["x"] == diagonal["y"] == [0.5, 3.0]
    assert (dots["x"], dots["y"], dots["text"]) == ([1.0, 2.0], [3.0, 0.5], ["s", "t"])


@pytest.mark.parametrize("kind", ["image", "overlay"])
def test_pictures_are_named_by_their_files(kind, folder):
    drawn = render.figure(one_figure(kind, ("first", "deep.tif"), files={"first": "a.png"}), "f", folder)
    assert [image["file"] for image in drawn["images"]] == ["a.png", "deep.tif"]


@pytest.mark.parametrize(
    "kind, sentence",
    [
        ("line", "A report has no curve 'gone'; it has none"),
        ("bar", "A report has no table 'gone'; it has none"),
    ],
)
def test_what_a_figure_cannot_find_is_said(kind, sentence, folder):
    with pytest.raises(NotFound, match=f"^{re.escape(sentence)}$"):
        render.figure(one_figure(kind, ("gone",)), "f", folder)
    assert sentence.replace("'", "&#39;") in render.page(one_figure(kind, ("gone",)), folder)


def test_an_unknown_figure_is_refused(folder):
    with pytest.raises(NotFound, match="A report has no figure 'g'; it has f"):
        render.figure(one_figure("line", ()), "g", folder)


@pytest.mark.parametrize("kind", ["line", "bar", "box", "parity"])
def test_no_name_is_read_as_markup_by_plotly(kind, folder):
    name = "<a href=x>b</a>"
    rows = [{name: "text", f"{name}_nm": 1.0, f"2{name}": 2.0}]
    report = one_figure(kind, (name,), curves={name: Curve(R, R, name, name)} if kind == "line" else {}, tables={name: rows})
    drawn = render.figure(report, "f", folder)
    names = [trace["name"] for trace in drawn["data"]] + [drawn["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    assert "<" not in "".join(names)
    assert "<a" not in "".join(trace.get("hovertemplate", "") for trace in drawn["data"])


class Parts(HTMLParser):
    """Elements with their attributes, and the text inside."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(re.sub(r"<script>/\*\*\s+\* plotly.*?</script>", "<script></script>", text, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def full(folder):
    (folder / "config.json").write_text(
        json.dumps(
            {
                "given": {"image": "/data/my image.tif", "phase": "dark", "periodic": False, "threshold": 0.5},
                "code": {"morphoscope": "0.1.0", "numpy": "2.1", "source": "abcdef0123456789"},
                "started": "2026-01-02T03:04:05+00:00",
                "seconds": 75.0,
                "machine": {"system": "Linux", "host": "secret-host"},
            }
        )
    )
    return Report(
        "Phases",
        values={"fraction": Quantity(0.5012, "1", 0.49, 0.51), "size_nm": Quantity(12.0, "nm"), "count": Quantity(123456)},
        curves={"S2": curve(y_error=np.full(40, 0.1)), "loose": curve()},
        tables={"particles": [{"label": EVIL, "diameter_nm": 3.5}, {"label": "b", "diameter_nm": None}]},
        figures={"S2": Figure("line", ("S2",), "See doi:10.1063/1.1722830."), "seen": Figure("image", ("deep",), EVIL)},
        files={"deep": "deep.tif"},
        notes=(EVIL,),
        cites=("Debye 1957, https://doi.org/10.1063/1.1722830",),
        run="measure-two-point-0123456789ab",
        task="measure two-point",
        seed=7,
    )


def test_a_page_is_one_file_that_asks_the_network_for_nothing(full, folder):
    text = render.page(full, folder)
    parts = Parts(text)
    assert not parts.all("link")
    assert all("src" not in script for script in parts.all("script"))
    assert all(image["src"].startswith("data:image/png;base64,") for image in parts.all("img"))
    assert text.count("plotly.js v") == 1
    policy = next(m["content"] for m in parts.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


def test_a_page_without_plots_carries_no_plotly(folder):
    assert len(render.page(Report("Bare", values={"n": Quantity(1)}), folder)) < 60_000


def test_everything_a_file_or_caption_says_is_escaped(full, folder):
    parts = Parts(render.page(full, folder))
    assert not [image for image in parts.all("img") if image.get("src") == "x"]
    assert sum(EVIL in word for word in parts.words) >= 2  # note and table, as text
    title = Report(EVIL, curves={EVIL: Curve(R, R, EVIL, EVIL)}, figures={EVIL: Figure("line", (EVIL,))})
    assert not Parts(render.page(title, folder)).all("img")


def test_plots_stand_in_the_page_as_data(full, folder):
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', render.page(full, folder), re.DOTALL)
    assert len(blocks) == 2  # S2, and the curve that no figure shows
    assert all(set(json.loads(block)) == {"data", "layout"} for block in blocks)


def test_values_have_units_intervals_and_the_command_lines_digits(full, folder):
    text = " ".join(" ".join(Parts(render.page(full, folder)).words).split())
    assert "Fraction 0.5012 0.49 to 0.51" in text
    assert "Size 12 nm" in text
    assert "123456" in text


def test_a_page_says_how_to_get_it_again(full, folder):
    text = "".join(Parts(render.page(full, folder)).words)
    assert "morphoscope measure two-point '/data/my image.tif' --phase=dark --threshold=0.5 --seed=7" in text
    assert "ms.run('measure two-point', image='/data/my image.tif', phase='dark', threshold=0.5, seed=7)" in text
    assert "--periodic" not in text
    assert "secret-host" not in text
    assert "measure-two-point-0123456789ab" in text
    assert "abcdef012345" in text


def test_citations_and_captions_link_their_dois(full, folder):
    links = [a["href"] for a in Parts(render.page(full, folder)).all("a")]
    assert links.count("https://doi.org/10.1063/1.1722830") == 2


def test_children_become_sections_with_a_table_of_contents(full, folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    text = render.page(full, folder, children=[(Report("First child"), other), (Report("Second child"), other)])
    parts = Parts(text)
    assert [a["href"] for a in parts.all("a") if a["href"].startswith("#s")] == ["#s0", "#s1", "#s2"]
    assert [a["id"] for a in parts.all("article")] == ["s0", "s1", "s2"]
    ids = [attrs["id"] for _, attrs in parts.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_long_table_shows_its_beginning_and_says_so(folder):
    rows = [{"n": i} for i in range(1500)]
    text = render.page(Report("Long", tables={"t": rows}), folder)
    assert "The first 1000 of 1500 rows" in text


def test_a_file_outside_the_run_is_not_shown(folder):
    inner = folder / "inner"
    inner.mkdir()
    text = render.page(one_figure("image", ("up",), files={"up": "../a.png"}), inner)
    assert "data:image" not in text
    assert "is not in the run&#39;s folder" in text


def test_tiff_becomes_png_and_png_stays_as_it_is(folder):
    shown = render.picture(folder / "deep.tif")
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (64, 48), "L")
        assert image.getextrema() == (0, 255)
    assert render.picture(folder / "a.png").content == (folder / "a.png").read_bytes()
    assert base64.b64decode(shown.data_uri().partition(",")[2]) == shown.content


def test_a_damaged_picture_is_one_sentence(folder):
    with pytest.raises(UnreadableFile, match=r"^broken\.png: "):
        render.picture(folder / "broken.png")
    assert "broken.png: " in render.page(one_figure("image", ("broken.png",)), folder)


def test_every_noun_with_pixels_can_be_drawn(folder):
    plane = np.linspace(0, 1, 30 * 40).reshape(30, 40)
    micrograph = Micrograph(plane)
    pattern = Pattern(np.where(plane > 0.9, np.nan, np.exp(8 * plane)))
    labels = LabelMap((plane * 5).astype(int))
    for noun in (micrograph, Stack((micrograph, micrograph)), pattern, labels):
        shown = render.pictures.drawn(noun, folder / "x", largest_px=20)
        assert (shown.width, shown.height, shown.scale) == (20, 15, 0.5)
    with pytest.raises(UnreadableFile, match="holds a curve, which is no picture"):
        render.pictures.drawn(curve(), folder / "x")


def test_a_flat_dark_pattern_is_black_not_an_error(folder):
    assert render.pictures.drawn(Pattern(np.zeros((4, 5))), folder / "x").width == 5


@pytest.mark.parametrize(
    "name, text",
    [("pixel_size_nm", "Pixel size"), ("S2", "S2"), ("q_per_nm", "q".upper()), ("_nm", "Nm"), ("width_px", "Width")],
)
def test_names_are_made_readable(name, text):
    assert words.human(name) == text


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "unknown"),
        (3, "3"),
        (0.123456, "0.12346"),
        (1.5e-7, "1.5×10⁻⁷"),
        (2e20, "2×10²⁰"),
        (True, "yes"),
        (float("nan"), "unknown"),
    ],
)
def test_numbers_are_made_readable(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize("seconds, text", [(0.5, "0.5 s"), (59, "59 s"), (60, "1 min"), (250, "4 min 10 s"), (7500, "2 h 5 min")])
def test_durations_are_made_readable(seconds, text):
    assert words.duration(seconds) == text


def test_links_are_made_only_of_dois_and_the_rest_is_escaped():
    linked = words.linked('x <b> doi:10.1000/abc"onclick=. and 10.5281/zenodo.1)')
    assert "<b>" not in linked
    assert linked.count("<a ") == 2
    assert 'href="https://doi.org/10.1000/abc"' in linked
    assert 'href="https://doi.org/10.5281/zenodo.1"' in linked


def test_a_report_whose_task_is_gone_still_makes_a_page(full, folder):
    report = Report("Old", run="old-task-1", task="old task")
    assert "morphoscope old task --image='/data/my image.tif' --phase=dark" in "".join(Parts(render.page(report, folder)).words)
    shutil.rmtree(folder)
    assert "old-task-1" in render.page(report, folder)


def test_a_reference_is_printed_with_the_workspace_that_knows_it():
    given = {"image": "run:a-1/b.png", "phase": "bright"}
    known = render.command_line("measure two-point", given, 0, workspace="/my lab")
    assert known == "morphoscope measure two-point run:a-1/b.png --workspace='/my lab'"
    call = render.python_call("measure two-point", given, 0, workspace="/my lab")
    assert call.endswith("ms.run('measure two-point', image='run:a-1/b.png', workspace='/my lab')")
    plain = render.command_line("measure two-point", {"image": "b.png", "periodic": True}, 0, workspace="/my lab")
    assert plain == "morphoscope measure two-point b.png --periodic"


def test_the_printed_command_gives_the_same_run(tmp_path, capsys):
    lab = Workspace(tmp_path / "the lab")
    blend = lab.run("simulate blend", size_px=64, time=20, seed=3)
    measured = lab.run("measure two-point", f"run:{blend.run}/micrograph.ome.tif", phase="dark")
    for report in (blend, measured):
        command = render.provenance(report, lab.shelf.folder(report.run))["command"]
        words = shlex.split(command)[1:] + ([] if "--workspace" in command else ["--workspace", str(lab.root)])
        with pytest.raises(SystemExit, match=r"^0$"):
            main([*words, "--json"])
        assert json.loads(capsys.readouterr().out)["run"] == report.run
