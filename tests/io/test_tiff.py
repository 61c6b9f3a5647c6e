"""TIFF of every kind: types, compressions, colours, pages, ImageJ and OME; limits and damage."""

import json
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from morphoscope import io
from morphoscope.core import Micrograph, Stack
from morphoscope.errors import UnreadableFile

RNG = np.random.default_rng(7)
GREY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)


def levels(micrograph: Micrograph) -> np.ndarray:
    """Raw values as the whole numbers that they are up to the rounding of float32."""
    whole = np.rint(micrograph.raw())
    assert np.abs(whole - micrograph.raw()).max() < 0.01
    return whole


def survives(path: Path) -> None:
    """Reading gives a noun or one sentence that names the file; any other exception comes through."""
    try:
        io.read(path)
    except UnreadableFile as error:
        if not str(error).startswith(f"{path.name}: "):
            raise


def saved(path: Path, array: np.ndarray, **options: object) -> Path:
    tifffile.imwrite(path, array, **{"photometric": "minisblack", "metadata": None, **options})
    return path


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_types_keep_their_values(tmp_path: Path, dtype: str, byteorder: str) -> None:
    raw = RNG.normal(0, 100, (7, 9)).astype(dtype) if dtype[0] == "f" else RNG.integers(0, 127, (7, 9)).astype(dtype)
    micrograph = io.read(saved(tmp_path / "a.tif", raw, byteorder=byteorder))
    assert isinstance(micrograph, Micrograph)
    np.testing.assert_allclose(micrograph.raw(), raw.astype(float), rtol=1e-6, atol=1e-4)
    assert (micrograph.bits, micrograph.unit) == (8 * int(dtype[1]), "counts")


@pytest.mark.parametrize("compression", ["lzw", "zlib", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"bigtiff": True}, {"rowsperstrip": 3}])
def test_compressions_and_tiles(tmp_path: Path, compression: str, layout: dict[str, object]) -> None:
    path = saved(tmp_path / "a.tif", GREY, compression=compression, **layout)
    np.testing.assert_array_equal(levels(io.read(path)), GREY)


def test_jpeg_inside(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    assert np.abs(io.read(saved(tmp_path / "a.tif", smooth, compression="jpeg")).raw() - smooth).max() < 6


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    micrograph = io.read(saved(tmp_path / "a.tif", GREY > 99))
    np.testing.assert_array_equal(micrograph.pixels, GREY > 99)
    assert micrograph.bits == 1


@pytest.mark.parametrize(("bits", "full"), [(4, 15), (12, 4095)])
def test_packed_bits(tmp_path: Path, bits: int, full: int) -> None:
    raw = RNG.integers(0, full + 1, (6, 8)).astype(np.uint8 if bits < 8 else np.uint16)
    raw[0, :2] = 0, full
    digits = ["".join(f"{value:0{bits}b}" for value in row) for row in raw]
    packed = np.array([list(int(row, 2).to_bytes(bits, "big")) for row in digits], np.uint8)
    path = saved(tmp_path / "a.tif", packed)
    body = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        for code, value in ((256, 8), (258, bits)):
            tag = tif.pages[0].tags[code]
            body[tag.valueoffset : tag.valueoffset + 2] = struct.pack("<H", value)
    path.write_bytes(body)
    micrograph = io.read(path)
    np.testing.assert_allclose(micrograph.raw(), raw, atol=1e-3)
    assert micrograph.bits == bits
    assert micrograph.pixels[0, 1] == 1


@pytest.mark.parametrize("dtype", ["u1", "u2", "?"])
def test_white_is_zero_is_shown_dark_for_dark(tmp_path: Path, dtype: str) -> None:
    raw = (GREY > 99) if dtype == "?" else GREY.astype(dtype)
    micrograph = io.read(saved(tmp_path / "a.tif", raw, photometric="miniswhite"))
    assert np.corrcoef(micrograph.pixels.ravel(), raw.ravel())[0, 1] == pytest.approx(-1)
    assert "inverted" in micrograph.notes[0]
    if dtype == "u1":
        np.testing.assert_array_equal(levels(micrograph), 255 - GREY)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour(tmp_path: Path, planar: str) -> None:
    grey, red = np.stack([GREY] * 3), np.stack([GREY, 0 * GREY, 0 * GREY])
    for name, planes in (("grey", grey), ("red", red)):
        array = np.moveaxis(planes, 0, -1) if planar == "contig" else planes
        saved(tmp_path / f"{name}.tif", np.ascontiguousarray(array), photometric="rgb", planarconfig=planar)
    np.testing.assert_array_equal(levels(io.read(tmp_path / "grey.tif")), GREY)
    micrograph = io.read(tmp_path / "red.tif")
    np.testing.assert_array_equal(levels(micrograph), np.rint(0.299 * GREY))
    assert micrograph.notes == ("a colour picture; grey is its luminance",)


@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_picture_in_alpha_is_laid_on_white(tmp_path: Path, extra: str, dtype: str) -> None:
    full = np.iinfo(dtype).max
    alpha = GREY.astype(dtype) * (full // 255)
    black = np.dstack([0 * alpha] * 3 + [alpha])
    micrograph = io.read(saved(tmp_path / "a.tif", black, photometric="rgb", extrasamples=[extra]))
    np.testing.assert_allclose(micrograph.raw(), full - alpha, atol=0.6)


def test_grey_with_alpha(tmp_path: Path) -> None:
    array = np.dstack([np.zeros_like(GREY), GREY])
    micrograph = io.read(saved(tmp_path / "a.tif", array, planarconfig="contig", extrasamples=["unassalpha"]))
    np.testing.assert_array_equal(levels(micrograph), 255 - GREY)


def test_a_meaningless_fourth_sample_is_left_out(tmp_path: Path) -> None:
    array = np.dstack([GREY, GREY, GREY, 0 * GREY])
    micrograph = io.read(saved(tmp_path / "a.tif", array, photometric="rgb", extrasamples=["unspecified"]))
    np.testing.assert_array_equal(levels(micrograph), GREY)
    assert "left out" in micrograph.notes[0]


def test_palette(tmp_path: Path) -> None:
    ramp = np.arange(256)[::-1] * 257
    micrograph = io.read(saved(tmp_path / "a.tif", GREY, photometric="palette", colormap=np.stack([ramp] * 3).astype(np.uint16)))
    np.testing.assert_array_equal(levels(micrograph), 255 - GREY)


def test_orientation(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", GREY, extratags=[(274, "H", 1, 3, True)])
    np.testing.assert_array_equal(levels(io.read(path)), GREY[::-1, ::-1])


def test_channels_side_by_side_are_a_stack(tmp_path: Path) -> None:
    array = np.stack([GREY, GREY[::-1]])
    stack = io.read(saved(tmp_path / "a.tif", array, planarconfig="separate"))
    assert isinstance(stack, Stack)
    np.testing.assert_array_equal(np.rint(stack.array()), array)


def test_pages_keep_their_sizes_and_can_be_picked(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for size in (10, 20, 30):
            tif.write(np.full((size, size + 1), size, np.uint8), photometric="minisblack", metadata=None)
    stack = io.read(tmp_path / "a.tif")
    assert [frame.pixels.shape for frame in stack] == [(10, 11), (20, 21), (30, 31)]
    assert stack.axis == "page"
    picked = io.read(tmp_path / "a.tif", frames=slice(2, None))
    assert len(picked) == 1
    assert levels(picked[0])[0, 0] == 30
    with pytest.raises(UnreadableFile, match="frames 5: pick none of its 3 frames"):
        io.read(tmp_path / "a.tif", frames=slice(5, None))


def test_a_flagged_thumbnail_is_left_out(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(GREY, photometric="minisblack", metadata=None)
        tif.write(GREY[::4, ::4], photometric="minisblack", metadata=None, subfiletype=1)
    micrograph = io.read(tmp_path / "a.tif")
    assert isinstance(micrograph, Micrograph)
    assert micrograph.pixels.shape == GREY.shape
    assert "1 reduced copy" in micrograph.notes[0]


def test_imagej_stack_knows_its_spacing(tmp_path: Path) -> None:
    volume = RNG.integers(0, 65536, (4, 8, 9), dtype=np.uint16)
    options = {"imagej": True, "resolution": (5.0, 4.0), "metadata": {"unit": "um", "spacing": 0.5, "axes": "ZYX"}}
    tifffile.imwrite(tmp_path / "a.tif", volume, **options)
    stack = io.read(tmp_path / "a.tif")
    assert (stack.axis, stack.spacing_nm, len(stack)) == ("z", 500.0, 4)
    assert stack[0].pixel_size_nm == pytest.approx((250, 200))
    assert stack[0].pixel_size.origin == "metadata: ImageJ resolution in um"
    np.testing.assert_array_equal(np.rint(stack.array()), volume)
    every_other = io.read(tmp_path / "a.tif", frames=slice(None, None, 2))
    assert (len(every_other), every_other.spacing_nm) == (2, 1000.0)


def test_imagej_times_and_hyperstacks(tmp_path: Path) -> None:
    movie = np.zeros((3, 8, 9), np.uint8)
    tifffile.imwrite(tmp_path / "t.tif", movie, imagej=True, metadata={"axes": "TYX", "finterval": 0.25})
    stack = io.read(tmp_path / "t.tif")
    assert (stack.axis, stack.times_s) == ("time", (0.0, 0.25, 0.5))
    tifffile.imwrite(tmp_path / "h.tif", np.zeros((2, 3, 8, 9), np.uint8), imagej=True, metadata={"axes": "ZCYX"})
    stack = io.read(tmp_path / "h.tif")
    assert (stack.axis, len(stack)) == ("page", 6)
    assert stack.names[:4] == ("channel 1, z 1", "channel 2, z 1", "channel 3, z 1", "channel 1, z 2")


@pytest.mark.parametrize(
    ("unit", "resolution", "nm"),
    [
        ("micron", 5.928571, 168.67471),
        ("\\u00B5m", 2.0, 500.0),
        ("µm", 2.0, 500.0),
        ("nm", 0.25, 4.0),
        ("mm", 100.0, 1e4),
        ("inch", 25_400.0, 1000.0),
        ("inch", 300.0, None),
        ("pixel", 1.0, None),
        ("", 72.0, None),
    ],
)
def test_imagej_units(tmp_path: Path, unit: str, resolution: float, nm: float | None) -> None:
    text = f"ImageJ=1.53t\nunit={unit}\n".encode("latin-1")
    path = saved(tmp_path / "a.tif", GREY, description=text, resolution=(resolution, resolution), resolutionunit="NONE")
    size = io.read(path).pixel_size
    assert (None if size is None else size.x_nm) == (None if nm is None else pytest.approx(nm, rel=1e-6))


def test_images_that_follow_one_page(tmp_path: Path) -> None:
    volume = RNG.integers(0, 65536, (5, 8, 9)).astype(">u2")
    path = saved(tmp_path / "a.tif", volume[0], byteorder=">", description="ImageJ=1.53t\nimages=5\nslices=5\n")
    with tifffile.TiffFile(path) as tif:
        assert tif.pages[0].dataoffsets[0] + volume[0].nbytes == path.stat().st_size
    path.write_bytes(path.read_bytes() + volume[1:].tobytes())
    stack = io.read(path)
    np.testing.assert_array_equal(np.rint(stack.array()), volume)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnreadableFile, match=r"cut short: 5 images need"):
        io.read(path)


def test_ome_channels_and_sizes(tmp_path: Path) -> None:
    metadata = {
        "axes": "CYX",
        "PhysicalSizeX": 0.5,
        "PhysicalSizeY": 25,
        "PhysicalSizeYUnit": "Å",
        "Channel": {"Name": ["SE", "BSE"]},
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", np.stack([GREY, GREY]), ome=True, metadata=metadata, photometric="minisblack")
    stack = io.read(tmp_path / "a.ome.tif")
    assert (stack.axis, stack.names) == ("channel", ("SE", "BSE"))
    assert stack[1].pixel_size_nm == pytest.approx((2.5, 500))


def test_printing_resolution_is_no_scale(tmp_path: Path) -> None:
    for unit, dpi in (("INCH", 72), ("INCH", 300), ("CENTIMETER", 118.11), ("CENTIMETER", 7e6)):
        path = saved(tmp_path / "a.tif", GREY, resolution=(dpi, dpi), resolutionunit=unit)
        assert io.read(path).pixel_size is None


def test_header_is_plain_data(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", GREY, description="µ".encode("latin-1"), extratags=[(65111, "B", 6, b"\0\1\2\3\4\5", True)])
    header = io.read(path).header
    assert header["tiff"]["ImageDescription"] == "µ"
    assert header["tiff"]["65111"] == "000102030405"
    assert header["tiff"]["ImageWidth"] == 30
    json.dumps(header)


def test_nan_is_refused_or_masked(tmp_path: Path) -> None:
    raw = np.ones((4, 5), np.float32)
    raw[1, 2], raw[0, 0] = np.nan, 3
    path = saved(tmp_path / "a.tif", raw)
    with pytest.raises(UnreadableFile, match=r"^a\.tif: 1 of 20 pixels are NaN"):
        io.read(path)
    assert not io.read(path, nan="mask").mask[1, 2]


def claim(path: Path, **values: int) -> Path:
    """Overwrite the numbers of some tags in place."""
    body = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        for name, value in values.items():
            tag = tif.pages[0].tags[name]
            body[tag.valueoffset : tag.valueoffset + 4] = struct.pack("<I", value)
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_gigantic_claim_is_refused(tmp_path: Path, compression: str | None) -> None:
    path = saved(tmp_path / "a.tif", GREY, compression=compression, extratags=[(256, "I", 1, 30, True), (257, "I", 1, 20, True)])
    claim(path, ImageWidth=100_000, ImageLength=100_000)
    start = time.perf_counter()
    with pytest.raises(UnreadableFile, match=r"^a\.tif: .*(cut short|decompression bomb)"):
        io.read(path)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_cut_short(tmp_path: Path, compression: str | None) -> None:
    path = saved(tmp_path / "a.tif", GREY, compression=compression)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFile, match=r"^a\.tif: .*cut short"):
        io.read(path)


def test_pages_in_a_circle_end(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", GREY)
    with tifffile.TiffFile(path) as tif:
        first, pointer = tif.pages[0].offset, tif.pages[0].offset + 2 + 12 * len(tif.pages[0].tags)
    body = bytearray(path.read_bytes())
    body[pointer : pointer + 4] = struct.pack("<I", first)
    path.write_bytes(body)
    start = time.perf_counter()
    micrograph = io.read(path)
    assert time.perf_counter() - start < 1
    np.testing.assert_array_equal(levels(micrograph), GREY)
    assert micrograph.notes == ("the chain of pages is damaged after page 1; what follows is lost",)


def test_random_damage_is_one_sentence_or_an_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    path = tmp_path / "a.tif"
    for options in ({}, {"compression": "lzw"}, {"tile": (16, 16), "compression": "zlib"}, {"imagej": True, "photometric": None}):
        tifffile.imwrite(path, np.stack([GREY, GREY]), **{"photometric": "minisblack", **options})
        raw = path.read_bytes()
        for _ in range(60):
            hurt = bytearray(raw)
            for place in rng.integers(0, min(len(raw), 1200), rng.integers(1, 6)):
                hurt[place] = rng.integers(0, 256)
            path.write_bytes(hurt[: rng.integers(len(raw) // 2, len(raw) + 1)])
            start = time.perf_counter()
            survives(path)
            assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("name", "size", "frames"),
    [
        ("imageJ", (168.6747, 168.6747), 0),
        ("imageJ_no_scale", None, 0),
        ("imageJ_stack", (168.6747, 168.6747), 2),
        ("DM", (168.6747, 168.6747), 0),
        ("DM_stack", (1686.74, 168.674), 2),
    ],
)
def test_collected_files(shared_data: Path, name: str, size: tuple[float, float] | None, frames: int) -> None:
    found = io.read(shared_data / f"vendor_metadata/rosettasciio/tiff/test_loading_image_saved_with_{name}.tif")
    first = found[0] if frames else found
    assert (len(found) if frames else 0) == frames
    assert first.pixel_size_nm == (size if size is None else pytest.approx(size, rel=1e-5))
    if name == "DM_stack":
        assert (found.axis, found.times_s) == ("time", (0.0, 2.5))
