"""Reading a scale bar: what is answered and, above all, what is not."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import MissingDependency
from morphoscope.measure import scalebar
from morphoscope.measure.scalebar import ocr, reading
from morphoscope.physics import scalebars


@dataclass
class Scripted:
    """Finds one line of text at ``box`` of every region and reads it as told, one answer after another."""

    words: list[str]
    box: reading.Box = (0.0, 0.0, 0.0, 0.0)
    read_so_far: int = field(default=0)

    def boxes(self, grey: np.ndarray) -> list[reading.Box]:
        return [self.box] if grey.size else []

    def read(self, crops: list[np.ndarray]) -> list[tuple[str, float]]:
        answers = []
        for _ in crops:
            answers.append((self.words[min(self.read_so_far, len(self.words) - 1)], 0.95))
            self.read_so_far += 1
        return answers


def with_bar(width: int = 1200, height: int = 400, size_nm: float | None = None) -> Micrograph:
    """Mid grey with a white bar of 200 pixels; its label would stand above it."""
    pixels = np.full((height, width), 0.4, np.float32)
    pixels[350:356, 900:1100] = 1.0
    return Micrograph(pixels, pixel_size=None if size_nm is None else PixelSize(size_nm, size_nm, "metadata: test"))


LABEL = (400.0, 10.0, 480.0, 34.0)  # above the bar, in the region that is looked at


def test_a_plain_bar() -> None:
    bar = scalebar.read(with_bar(), reader=Scripted(["500 nm"], LABEL))
    assert bar.value_nm == 500
    assert bar.length_px == pytest.approx(200, abs=0.1)
    assert bar.pixel_size_nm == pytest.approx(2.5, rel=1e-3)
    assert bar.confidence > 0.8
    assert bar.ends == ((352.5, pytest.approx(899.5, abs=0.1)), (352.5, pytest.approx(1099.5, abs=0.1)))


def test_readings_that_contradict_each_other() -> None:
    bar = scalebar.read(with_bar(), reader=Scripted(["50 nm", "50 nm", "500 nm", "50 nm"], LABEL))
    assert bar.value_nm is None
    assert "reads differently" in bar.reason


def test_a_label_with_two_meanings_is_settled_by_the_file() -> None:
    alone = scalebar.read(with_bar(), reader=Scripted(["100mm"], LABEL))
    assert alone.value_nm is None
    assert "more than one meaning" in alone.reason
    told = scalebar.read(with_bar(size_nm=0.5), reader=Scripted(["100mm"], LABEL))
    assert told.value_nm == 100


def test_millimetres_need_the_files_word() -> None:
    alone = scalebar.read(with_bar(), reader=Scripted(["4 mm"], LABEL))
    assert alone.value_nm is None
    assert "may be nm" in alone.reason
    assert scalebar.read(with_bar(size_nm=2e4), reader=Scripted(["4 mm"], LABEL)).value_nm == 4e6


def test_a_bar_that_contradicts_the_file() -> None:
    bar = scalebar.read(with_bar(size_nm=25.0), reader=Scripted(["500 nm"], LABEL))
    assert bar.value_nm is None
    assert bar.reason == "the bar says 2.5 nm a pixel, the file 25; they disagree"


@pytest.mark.parametrize("words", ["5 min", "25 kV", "00", "10 1/nm"])
def test_words_that_are_no_length(words: str) -> None:
    bar = scalebar.read(with_bar(), reader=Scripted([words], LABEL))
    assert bar.value_nm is None
    assert bar.reason.startswith("no length is printed")


def test_without_a_stroke_nothing_is_read() -> None:
    reader = Scripted(["500 nm"], LABEL)
    bar = scalebar.read(Micrograph(np.full((200, 300), 0.5, np.float32)), reader=reader)
    assert bar.value_nm is None
    assert bar.reason == "no stroke that could be a scale bar"
    assert reader.read_so_far == 0


def test_a_label_far_from_the_bar_is_not_its_label() -> None:
    bar = scalebar.read(with_bar(), reader=Scripted(["500 nm"], (0.0, 0.0, 60.0, 12.0)))
    assert bar.value_nm is None


def test_two_bars_that_disagree() -> None:
    pixels = with_bar().pixels.copy()
    pixels[100:106, 100:200] = 1.0

    class Two:
        def boxes(self, grey: np.ndarray) -> list[reading.Box]:
            rows, columns = np.nonzero(grey > 250)
            return [(columns.min() + 10.0, rows.min() - 32.0, columns.min() + 90.0, rows.min() - 8.0)]

        def read(self, crops: list[np.ndarray]) -> list[tuple[str, float]]:
            return [("500 nm", 0.95) for _ in crops]

    bar = scalebar.read(Micrograph(pixels), reader=Two())
    assert bar.value_nm is None
    assert "two bars disagree: " in bar.reason
    assert "2.5" in bar.reason


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "INSTALLED", False)
    with pytest.raises(MissingDependency, match=r"to read the label of a scale bar, install .*morphoscope\[ocr\]"):
        ocr.Engine()


def test_rendered_bars_are_read(rng: np.random.Generator) -> None:
    pytest.importorskip("rapidocr", reason="needs morphoscope[ocr]")
    background = 0.45 + 0.05 * rng.standard_normal((360, 480))
    for style, words in (("plain", "200 nm"), ("box", "5 um"), ("ticks", "0.5 um")):
        printed = scalebars.Printed(
            style, float(words.split()[0]), words.split()[1], words, 120.25, 5.0, "", 26, "above", 300.5, 310.0, 1.0, 0.0, 90
        )
        bar = scalebar.read(Micrograph(scalebars.render(background, printed).astype(np.float32)))
        assert bar.value_nm == pytest.approx(printed.value_nm), bar.reason
        assert bar.length_px == pytest.approx(printed.length_px, abs=0.7)


@pytest.mark.parametrize("box_grows", [0.0, 40.0])
def test_a_bar_on_both_sides_of_its_label(box_grows: float) -> None:
    pixels = np.full((400, 1200), 0.4, np.float32)
    pixels[350:354, 800:850] = 1.0
    pixels[350:354, 950:1000] = 1.0
    reader = Scripted(["500 nm"], (360 + 60 - box_grows, 26.0, 360 + 140 + box_grows, 58.0))
    bar = scalebar.read(Micrograph(pixels), reader=reader)
    assert bar.kind == "split"
    assert bar.length_px == pytest.approx(200, abs=0.2)
