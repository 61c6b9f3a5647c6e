"""The studio in headless Chromium: what a person does, and that nothing leaves this machine."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile
from PIL import Image
from playwright.sync_api import sync_playwright

from morphoscope.app import Workspace
from morphoscope.app.pages import write_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def browser():
    """Chromium with a profile of its own."""
    if not CHROMIUM.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Folder of the workspace."""
    return tmp_path_factory.mktemp("browser") / "lab"


@pytest.fixture(scope="module")
def studio(lab):
    """Address, with its token, of a studio started as a user starts it."""
    command = [sys.executable, "-m", "morphoscope", "studio", "--no-browser", "--port", "0", "--workspace", str(lab)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        first = process.stdout.readline()
        yield re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", first).group()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[0]
    assert "Traceback" not in rest


class Watched:
    """A page that remembers what went wrong and where it asked."""

    def __init__(self, page, allowed):
        self.page, self.troubles, self.elsewhere = page, [], []
        page.on("console", lambda message: message.type in ("error", "warning") and self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self._asked(request.url, allowed))

    def _asked(self, url, allowed):
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != allowed:
            self.elsewhere.append(url)


@pytest.fixture
def open_page(browser, studio):
    """Opens the studio in a fresh profile; at the end nothing may have gone wrong or been asked elsewhere."""
    with contextlib.ExitStack() as stack:
        seen = []

        def opened(path="/", **look):
            context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | look))
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            seen.append(Watched(page, urlsplit(studio).netloc))
            page.goto(studio)
            if path != "/":
                page.goto(studio.split("?")[0].rstrip("/") + path)
            return page

        yield opened
        for watched in seen:
            assert watched.troubles == []
            assert watched.elsewhere == []


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Blobs, 160 x 120 pixels of 2.5 nm, as an ImageJ TIFF that knows its scale."""
    rng = np.random.default_rng(3)
    spectrum = np.fft.rfft2(rng.random((120, 160)))
    spectrum *= np.exp(-(np.hypot(np.fft.fftfreq(120)[:, None], np.fft.rfftfreq(160)) ** 2) * 900)
    plane = np.fft.irfft2(spectrum, s=(120, 160))
    grey = np.round(255 * (plane - plane.min()) / np.ptp(plane)).astype(np.uint8)
    path = tmp_path_factory.mktemp("image") / "blobs <1>.tif"
    tifffile.imwrite(path, grey, imagej=True, resolution=(400.0, 400.0), metadata={"unit": "micron"})
    return path


def drop(page, selector, path):
    """Drop the file at ``path`` on an element, as a person does from a file manager."""
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name));
            return transfer;
        }""",
        [path.name, list(path.read_bytes())],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(selector, event, {"dataTransfer": transfer})


def until(page, expression, argument=None):
    """Wait until ``expression`` holds; asked from outside, because the studio's policy allows no eval inside."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(30)


def command_line(*words):
    """What the command line prints as JSON."""
    done = subprocess.run([sys.executable, "-m", "morphoscope", *words, "--json"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_token_leaves_the_address(open_page):
    page = open_page()
    assert "token" not in page.url
    assert page.evaluate("document.cookie") == ""


def test_a_dropped_image_is_seen_measured_and_gives_the_command_line_s_number(open_page, image, tmp_path):
    page = open_page()
    drop(page, "form.drop", image)
    page.wait_for_selector("canvas[data-ready]")
    assert page.inner_text(".facts").count("2.5 nm") == 1
    page.get_by_role("link", name="Measure two-point…").click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_selector("article.report")
    page.wait_for_selector(".plot[data-drawn]")
    expected = command_line("measure", "two-point", str(image), "--workspace", str(tmp_path))
    for name, quantity in expected["values"].items():
        assert page.inner_text(f'[data-name="{name}"]') == f"{quantity['value']:.5g}"
    address = f"{page.url}/report.json"
    seen = page.evaluate("(address) => fetch(address).then((answer) => answer.json())", address)
    assert seen["curves"] == expected["curves"]
    assert seen["values"] == expected["values"]
    assert page.locator(".plot .main-svg").first.is_visible()


def test_the_viewer_zooms_moves_and_reads(open_page, image):
    page = open_page()
    page.set_input_files("#file", image)
    page.wait_for_selector("canvas[data-ready][data-zoom]")
    canvas = page.locator("canvas")
    box = canvas.bounding_box()
    zoom = lambda: float(canvas.get_attribute("data-zoom"))  # noqa: E731
    fitted = zoom()
    bar_nm = float(canvas.get_attribute("data-scale-bar").split()[0])
    assert bar_nm == pytest.approx(float(canvas.get_attribute("data-scale-bar-px")) / fitted * 2.5, rel=1e-3)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, "document.querySelector('.readout').textContent.includes('px')")
    col, row, x_nm, y_nm, value = (float(n) for n in re.findall(r"[\d.]+", page.inner_text(".readout")))
    assert (col, row) == (pytest.approx(80, abs=1), pytest.approx(60, abs=1))
    assert (x_nm, y_nm) == (pytest.approx((col + 0.5) * 2.5, rel=1e-3), pytest.approx((row + 0.5) * 2.5, rel=1e-3))
    with Image.open(image) as known:
        assert value == known.getpixel((int(col), int(row)))
    page.mouse.wheel(0, -300)
    until(page, "(old) => Number(document.querySelector('canvas').dataset.zoom) > old", fitted)
    page.wait_for_timeout(100)
    before = page.inner_text(".readout")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, "(old) => document.querySelector('.readout').innerText !== old", before)
    page.get_by_role("button", name="Fit").click()
    until(page, "(old) => Number(document.querySelector('canvas').dataset.zoom) === old", fitted)
    canvas.press("+")
    until(page, "(old) => Number(document.querySelector('canvas').dataset.zoom) > old", fitted)
    canvas.press("0")
    until(page, "(old) => Number(document.querySelector('canvas').dataset.zoom) === old", fitted)


def test_a_long_run_shows_its_progress_and_is_cancelled(open_page):
    page = open_page("/tasks/simulate-blend")
    page.fill("#size_px", "256")
    page.fill("#time", "1000000")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/runs/**")
    until(page, "document.querySelector('progress').value > 0")
    until(page, "!['', 'Starting', 'Working'].includes(document.querySelector('.note').textContent)")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector("text=Cancelled.")
    page.get_by_role("link", name="Back to the form").click()
    assert page.input_value("#time") == "1000000"


def test_a_wrong_value_is_said_at_its_field_before_anything_runs(open_page):
    page = open_page("/tasks/simulate-blend")
    page.fill("#size_px", "1")
    page.press("#size_px", "Tab")
    until(page, "document.querySelector('#size_px-error').textContent !== ''")
    assert page.inner_text("#size_px-error").startswith("size_px: 1 is not allowed; it must be ")
    assert page.get_attribute("#size_px", "aria-invalid") == "true"
    page.get_by_role("button", name="Run", exact=True).click()
    until(page, "document.activeElement.id === 'size_px'")
    assert "/tasks/" in page.url
    page.fill("#size_px", "64")
    page.press("#size_px", "Tab")
    until(page, "document.querySelector('#size_px-error').textContent === ''")


def test_a_file_dropped_on_a_form_becomes_its_input(open_page, image):
    page = open_page("/tasks/inspect")
    drop(page, ".kind-input", image)
    page.wait_for_selector(".input-file .status:has-text('is here')")
    assert page.input_value("#file").startswith("upload:")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_selector("article.report")
    assert page.inner_text('[data-name="width_px"]') == "160"


def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(open_page):
    page = open_page()
    page.evaluate("document.querySelector('form.drop').dataset.limitMb = '0.001'")
    page.set_input_files("#file", {"name": "big.png", "mimeType": "image/png", "buffer": b"\0" * 5000})
    page.wait_for_selector(".drop .status.error")
    assert page.inner_text(".drop .status").startswith("The upload is larger than the limit of 0.001 MiB; ")


def test_light_and_dark_are_kept_and_the_plots_follow(open_page):
    page = open_page("/runs", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark


def test_tables_are_sorted_and_runs_found(open_page):
    page = open_page("/runs")
    page.get_by_role("button", name="Run", exact=True).click()
    names = page.locator(".run-name a").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    page.fill("input[name=q]", "nothing has this name")
    until(page, "document.querySelector('.count').textContent === '0 runs'")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "path", ["/", "/judge", "/nanonet", "/tasks", "/tasks/measure-two-point", "/tasks/simulate-blend", "/runs"]
)
def test_no_page_is_wider_than_the_screen(open_page, path, width):
    page = open_page(path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name_and_the_keyboard_reaches_it(open_page):
    page = open_page("/tasks/measure-two-point")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("main input:not([type=hidden]), main select, main button")]
            .filter((e) => !e.labels?.length && !e.ariaLabel && !e.getAttribute("aria-labelledby") && !e.textContent.trim())
            .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"


def test_a_saved_report_opens_without_the_studio(open_page, browser, lab, tmp_path):
    page = open_page("/runs?state=done")
    page.locator(".run-name a", has_text="Two-point").first.click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save as HTML").click()
    path = tmp_path / "report.html"
    waiting.value.save_as(path)
    alone = browser.new_page()
    watched = Watched(alone, "")
    alone.goto(path.as_uri())
    alone.wait_for_selector(".plot[data-drawn] .main-svg")
    assert watched.troubles == []
    assert watched.elsewhere == []
    alone.close()


def test_a_sheet_is_printed_on_one_page_in_light_colours(browser, tmp_path):
    noise = np.random.default_rng(0).random((120, 160))
    smooth = sum(np.roll(noise, (i, j), (0, 1)) for i in range(6) for j in range(6)) / 36
    pixels = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    lab = Workspace(tmp_path / "lab")
    report = lab.run("measure sheet", pixels, scale_bar="never", structure="particles", pixel_size_nm=2.0)
    page = browser.new_page(color_scheme="dark")
    watched = Watched(page, "")
    page.goto(write_page(lab, report.run, tmp_path / "sheet.html").as_uri())
    page.wait_for_selector(".plot[data-drawn] .main-svg")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = page.evaluate("document.querySelector('.sheet').getBoundingClientRect().width / 96 * 25.4")
    assert wide == pytest.approx(190, abs=0.5)
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#1d2329"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#e6e9ea"
    assert watched.troubles == []
    page.close()


def test_a_port_in_use_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "morphoscope", "studio", "--no-browser", "--port", port, "-w", str(tmp_path / "lab")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"port {port} is in use; choose another with --port, or --port 0 for any free one" in done.stderr
    assert "Traceback" not in done.stderr


def test_judged_images_are_looked_at_and_corrected(open_page, lab, tmp_path):
    rng = np.random.default_rng(1)
    paths = [tmp_path / f"{name}.png" for name in "ab"]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (64, 64), dtype=np.uint8)).save(path)
    page = open_page("/judge")
    page.set_input_files("#file", paths)
    page.wait_for_selector("ol.judged")
    assert page.locator(".judged-card").count() == 2
    first = page.locator(".judged-card").first
    first.get_by_role("button", name="immiscible", exact=True).click()
    page.wait_for_selector(".judged-card.is-corrected")
    assert page.inner_text(".count-corrected") == "1 corrected"
    assert len(Workspace(lab).corrections.all()) == 1
    page.reload()
    assert first.get_by_role("button", name="immiscible", exact=True).get_attribute("aria-pressed") == "true"
    first.locator(".look").click()
    until(page, "document.querySelector('dialog.larger[open] img')?.naturalWidth === 64")
    page.keyboard.press("Escape")
    first.get_by_role("button", name="undo").click()
    until(page, "document.querySelector('.is-corrected') === null")
    assert Workspace(lab).corrections.all() == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_sliders_move_the_curve_the_particles_and_the_map(open_page):
    page = open_page("/nanonet")
    until(page, "() => document.querySelector('.particles canvas').dataset.count === '64'")
    until(page, "() => document.querySelector('.map canvas').dataset.shown === 'eps_pn rho'")
    verdict = page.locator(".verdict").inner_text()
    shape = page.locator(".rdf .line").get_attribute("points")
    took = []
    page.locator("#eps_pn").focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
        asked = page.evaluate("() => document.querySelector('output[for=eps_pn]').textContent.split(' ')[0]")
        until(page, "(v) => document.querySelector('.rdf svg').dataset.asked.includes(`eps_pn=${v}`)", asked)
        took.append(float(page.locator(".rdf svg").get_attribute("data-took")))
    assert page.locator(".rdf .line").get_attribute("points") != shape
    assert page.locator(".verdict").inner_text() != verdict
    assert min(took) < 50
    page.locator(".up").select_option("eps_pn")
    until(page, "() => document.querySelector('.map canvas').dataset.shown === 'rho eps_pn'")
    page.locator(".map canvas").click(position={"x": 200, "y": 20})
    until(page, "() => Number(document.querySelector('output[for=eps_pn]').textContent.split(' ')[0]) > 1.2")
    until(page, "() => document.querySelector('.basis').textContent.includes('beyond the simulated range')")
    page.locator(".particles canvas").focus()
    page.keyboard.press("ArrowLeft")
    page.locator("button.theme").click()
