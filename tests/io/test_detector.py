"""Detector images: q from the header's geometry, gaps masked, pictures of patterns."""

import math
from pathlib import Path

import fabio.cbfimage
import fabio.edfimage
import numpy as np
import pytest
import tifffile
from PIL import Image

from morphoscope.core import Pattern
from morphoscope.errors import UnreadableFile
from morphoscope.io import geometry, read, read_pattern

COUNTS = np.arange(40 * 50, dtype=np.int32).reshape(40, 50)
EDF = {
    "SampleDistance": "1.5",
    "WaveLength": "1.54e-10",
    "PSize_1": "1.72e-4",
    "PSize_2": "2e-4",
    "Center_1": "20.5",
    "Center_2": "10.5",
    "Dummy": "7",
    "DDummy": "0.5",
}


def edf(path: Path, counts: np.ndarray = COUNTS, header: dict[str, str] | None = None) -> Path:
    fabio.edfimage.EdfImage(data=counts, header=EDF if header is None else header).write(str(path))
    return path


def test_q_of_every_pixel(tmp_path: Path) -> None:
    found = read(edf(tmp_path / "a.edf"))
    assert isinstance(found, Pattern)
    assert found.centre_px == (10.0, 20.0)
    assert found.qx_per_nm is not None
    assert found.qy_per_nm is not None
    assert found.q_per_nm is not None
    r = math.hypot((35 - 10) * 2e-4, (45 - 20) * 1.72e-4)
    q = 4 * math.pi / 0.154 * math.sin(math.atan(r / 1.5) / 2)
    assert found.q_per_nm[35, 45] == pytest.approx(q)
    assert found.qx_per_nm[35, 45] == pytest.approx(q * (45 - 20) * 1.72e-4 / r)
    assert found.qy_per_nm[35, 45] > 0 > found.qy_per_nm[0, 0]
    assert found.q_per_nm[10, 20] == 0
    assert found.conditions["wavelength_nm"] == pytest.approx(0.154)
    assert found.conditions["detector_distance_m"] == 1.5
    assert found.header["PSize_1"] == "1.72e-4"


def test_dummy_and_gaps_are_masked(tmp_path: Path) -> None:
    counts = COUNTS.copy()
    counts[5], counts[:, 3] = -1, -2
    found = read(edf(tmp_path / "a.edf", counts))
    assert isinstance(found, Pattern)
    assert found.mask is not None
    assert not found.mask[5].any()
    assert not found.mask[:, 3].any()
    assert not found.mask[0, 7]  # the dummy
    assert found.mask.sum() == (counts >= 0).sum() - 1
    negative = read(edf(tmp_path / "b.edf", COUNTS - 100, {}))
    assert isinstance(negative, Pattern)
    assert negative.mask is None  # differences of counts may be negative


def test_missing_pieces_are_named(tmp_path: Path) -> None:
    header = {key: value for key, value in EDF.items() if key not in ("WaveLength", "Center_1")}
    found = read(edf(tmp_path / "a.edf", header=header))
    assert isinstance(found, Pattern)
    assert (found.qx_per_nm, found.centre_px) == (None, None)
    assert any("the header lacks wavelength, beam centre" in note for note in found.notes)


def test_cbf_with_the_header_of_pilatus(tmp_path: Path) -> None:
    lines = (
        "# Pixel_size 172e-6 m x 100e-6 m\r\n# Wavelength 1.0 A\r\n# Detector_distance 0.3 m\r\n# Beam_xy (20.00, 10.00) pixels"
    )
    image = fabio.cbfimage.CbfImage(data=COUNTS, header={"_array_data.header_contents": lines})
    image.write(str(tmp_path / "a.cbf"))
    found = read(tmp_path / "a.cbf")
    assert isinstance(found, Pattern)
    np.testing.assert_array_equal(found.intensity, COUNTS)
    assert found.centre_px == (10.0, 20.0)
    assert found.q_per_nm is not None
    q = 4 * math.pi / 0.1 * math.sin(math.atan(20 * 100e-6 / 0.3) / 2)
    assert found.q_per_nm[30, 20] == pytest.approx(q)


@pytest.mark.parametrize(
    ("header", "words", "expected"),
    [
        (
            {"DISTANCE": "200", "WAVELENGTH": "1.0", "PIXEL_SIZE": "0.1", "BEAM_CENTER_X": "5", "BEAM_CENTER_Y": "4"},
            geometry.ADSC,
            (0.2, 0.1, 1e-4, (40, 50)),
        ),
        (
            {
                "xtal_to_detector": 200000,
                "source_wavelength": 100000,
                "pixelsize_x": 100000,
                "pixelsize_y": 100000,
                "beam_x": 50000,
                "beam_y": 40000,
            },
            geometry.MARCCD,
            (0.2, 0.1, 1e-4, (40, 50)),
        ),
        (
            {
                "SampleDistance": "200 mm",
                "Wavelength": "0.1 nm",
                "PSize_1": "100 um",
                "PSize_2": "100 um",
                "Center_1": "50.5",
                "Center_2": "40.5",
            },
            geometry.EDF,
            (0.2, 0.1, 1e-4, (40, 50)),
        ),
    ],
)
def test_headers_of_other_detectors(
    header: dict[str, object], words: geometry.Words, expected: tuple[float, float, float, tuple[float, float]]
) -> None:
    found = geometry.of(header, words)
    assert found.distance_m == pytest.approx(expected[0])
    assert found.wavelength_nm == pytest.approx(expected[1])
    assert found.pixel_m == pytest.approx((expected[2], expected[2]))
    assert found.centre_px == pytest.approx(expected[3])


def test_pictures_as_patterns(tmp_path: Path) -> None:
    grey = (COUNTS % 256).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    found = read(tmp_path / "a.png", as_pattern=True)
    assert isinstance(found, Pattern)
    np.testing.assert_array_equal(found.intensity, grey)
    assert found.qx_per_nm is None
    assert any("no q" in note for note in found.notes)
    Image.fromarray(np.stack([grey, 255 - grey, grey // 2], axis=-1)).save(tmp_path / "b.png")
    colour = read_pattern(tmp_path / "b.png")
    assert any("colour" in note for note in colour.notes)


def test_tiff_of_a_pixel_detector(tmp_path: Path) -> None:
    lines = "# Pixel_size 172e-6 m x 172e-6 m\n# Wavelength 1.0 A\n# Detector_distance 2.0 m\n# Beam_xy (20.00, 10.00) pixels\n"
    counts = COUNTS.copy()
    counts[7] = -1
    tifffile.imwrite(tmp_path / "a.tif", counts, description=lines, metadata=None)
    found = read_pattern(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.intensity, counts)
    assert found.centre_px == (10.0, 20.0)
    assert found.q_per_nm is not None
    assert found.mask is not None
    assert (~found.mask).sum() == counts.shape[1]


def test_broken_files_say_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.edf").write_bytes(b"no detector wrote this")
    with pytest.raises(UnreadableFile, match=r"a.edf: no detector image that fabio can decode"):
        read(tmp_path / "a.edf")
    whole = edf(tmp_path / "b.edf").read_bytes()
    (tmp_path / "b.edf").write_bytes(whole.replace(b"Dim_1 = 50", b"Dim_1 = 5000000").replace(b"Dim_2 = 40", b"Dim_2 = 4000000"))
    with pytest.raises(UnreadableFile, match="refused as a decompression bomb"):
        read(tmp_path / "b.edf")
    with pytest.raises(UnreadableFile, match="has 1 frame"):
        read(edf(tmp_path / "c.edf"), frames=slice(4, 5))
