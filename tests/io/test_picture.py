"""PNG, JPEG, BMP and GIF come out as a page would show them, and damaged ones as one sentence."""

import struct
import time
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from morphoscope import io
from morphoscope.core import Micrograph
from morphoscope.errors import UnreadableFile

RNG = np.random.default_rng(5)
GREY = RNG.integers(0, 256, (12, 17), dtype=np.uint8)


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
    Image.fromarray(array).save(path, **options)
    return path


def png(width: int, height: int, depth: int, colour: int, body: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)), *extra, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif"])
def test_grey_levels_are_kept(tmp_path: Path, name: str) -> None:
    micrograph = io.read(saved(tmp_path / name, GREY))
    np.testing.assert_array_equal(levels(micrograph), GREY)
    assert (micrograph.bits, micrograph.unit, micrograph.pixel_size, micrograph.notes) == (8, "counts", None, ())


def test_equal_channels_are_just_grey(tmp_path: Path) -> None:
    micrograph = io.read(saved(tmp_path / "a.png", np.dstack([GREY] * 3)))
    np.testing.assert_array_equal(levels(micrograph), GREY)
    assert micrograph.notes == ()


def test_colours_become_luminance_and_say_so(tmp_path: Path) -> None:
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[0, 0], colours[0, 1], colours[0, 2] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    micrograph = io.read(saved(tmp_path / "a.png", colours))
    np.testing.assert_array_equal(levels(micrograph)[0], [76, 150, 29])
    assert micrograph.notes == ("a colour picture; grey is its luminance",)


def test_a_coloured_letter_is_no_colour_picture(tmp_path: Path) -> None:
    colours = np.full((20, 30, 3), 90, np.uint8)
    colours[2:6, 2:6] = (255, 40, 40)
    assert io.read(saved(tmp_path / "a.png", colours)).notes == ("parts of the picture are coloured; grey is their luminance",)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = 255, 0, 51
    np.testing.assert_array_equal(levels(io.read(saved(tmp_path / "a.png", pixels)))[0], [0, 255, 204])


def test_a_picture_in_the_alpha_channel_is_seen(tmp_path: Path) -> None:
    black = np.zeros((*GREY.shape, 4), np.uint8)
    black[..., 3] = GREY
    np.testing.assert_array_equal(levels(io.read(saved(tmp_path / "rgba.png", black))), 255 - GREY)
    np.testing.assert_array_equal(levels(io.read(saved(tmp_path / "la.png", black[..., 2:]))), 255 - GREY)


def test_a_wholly_transparent_picture_shows_its_colours(tmp_path: Path) -> None:
    micrograph = io.read(saved(tmp_path / "a.png", np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)])))
    np.testing.assert_array_equal(levels(micrograph), GREY)
    assert "transparent" in micrograph.notes[0]


def test_palette_with_transparent_entries(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "L").convert("P")
    image.putpalette([10, 10, 10, 20, 20, 20, 30, 30, 30])
    image.save(tmp_path / "opaque.png")
    image.save(tmp_path / "clear.png", transparency=bytes([255, 0, 255]))
    np.testing.assert_array_equal(levels(io.read(tmp_path / "opaque.png")), [[10, 20, 30]])
    np.testing.assert_array_equal(levels(io.read(tmp_path / "clear.png")), [[10, 255, 30]])


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    deep = RNG.integers(0, 65536, (9, 8), dtype=np.uint16)
    micrograph = io.read(saved(tmp_path / "grey.png", deep))
    np.testing.assert_array_equal(levels(micrograph), deep)
    assert micrograph.bits == 16
    colour = np.dstack([deep, deep, deep, np.full_like(deep, 65535)])
    (tmp_path / "rgba.png").write_bytes(imagecodecs.png_encode(colour))
    micrograph = io.read(tmp_path / "rgba.png")
    np.testing.assert_array_equal(levels(micrograph), deep)
    assert micrograph.bits == 16


@pytest.mark.parametrize(("depth", "levels"), [(1, [0, 1]), (2, [0, 1, 2, 3]), (4, [0, 5, 10, 15])])
def test_few_bits_span_black_to_white(tmp_path: Path, depth: int, levels: list[int]) -> None:
    row = int("".join(f"{level:0{depth}b}" for level in levels).ljust(16, "0"), 2).to_bytes(2, "big")
    needed = -(-len(levels) * depth // 8)
    (tmp_path / "a.png").write_bytes(png(len(levels), 1, depth, 0, zlib.compress(b"\0" + row[:needed])))
    micrograph = io.read(tmp_path / "a.png")
    assert micrograph.bits == depth
    np.testing.assert_allclose(micrograph.raw()[0], levels, atol=1e-5)
    assert micrograph.pixels.max() == 1


def test_a_jpeg_is_turned_upright(tmp_path: Path) -> None:
    picture = np.zeros((16, 32), np.uint8)
    picture[:, 16:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    micrograph = io.read(saved(tmp_path / "a.jpg", picture, exif=exif, quality=95))
    assert micrograph.pixels.shape == (32, 16)
    assert micrograph.pixels[:14].max() < 0.1
    assert micrograph.pixels[18:].min() > 0.9
    assert "upright" in micrograph.notes[0]


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([GREY] * 3)).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    assert np.abs(io.read(tmp_path / "a.jpg").raw() - GREY).mean() < 3


def test_metadata_of_the_file_stay_in_the_header(tmp_path: Path) -> None:
    text = png(
        1, 1, 8, 0, zlib.compress(b"\0\7"), (b"tEXt", b"Comment\0a grain"), (b"zTXt", b"Long\0\0" + zlib.compress(b"x" * 99))
    )
    (tmp_path / "a.png").write_bytes(text)
    header = io.read(tmp_path / "a.png").header["png"]
    assert header["Comment"] == "a grain"
    assert header["Long"] == "x" * 99


def test_a_damaged_remark_leaves_the_picture_readable(tmp_path: Path) -> None:
    raw = png(1, 1, 8, 0, zlib.compress(b"\0\7"), (b"tEXt", b"Comment\0a grain"))
    (tmp_path / "a.png").write_bytes(raw.replace(b"a grain", b"a groin"))
    micrograph = io.read(tmp_path / "a.png")
    assert levels(micrograph)[0, 0] == 7
    assert "damaged and was ignored" in micrograph.notes[0]


def test_a_swollen_text_is_ignored(tmp_path: Path) -> None:
    bomb = b"Long\0\0" + zlib.compress(bytes(2**22))
    (tmp_path / "a.png").write_bytes(png(1, 1, 8, 0, zlib.compress(b"\0\7"), (b"zTXt", bomb)))
    micrograph = io.read(tmp_path / "a.png")
    assert levels(micrograph)[0, 0] == 7
    assert "ignored" in micrograph.notes[0]


def test_a_gif_in_disguise_is_read_and_named(tmp_path: Path) -> None:
    saved(tmp_path / "a.gif", GREY).rename(tmp_path / "a.png")
    micrograph = io.read(tmp_path / "a.png")
    np.testing.assert_array_equal(levels(micrograph), GREY)
    assert micrograph.notes == ("named .png, but its content is GIF",)


@pytest.mark.parametrize(
    ("name", "share", "message"),
    [
        ("a.png", 0.6, "cut short"),
        ("a.jpg", 0.6, "cut short"),
        ("a.bmp", 0.6, "cut short"),
        ("a.png", 0.0, "the file is empty"),
    ],
)
def test_cut_short(tmp_path: Path, name: str, share: float, message: str) -> None:
    path = saved(tmp_path / name, np.tile(GREY, (9, 9)))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(UnreadableFile, match=rf"^{name}: .*{message}"):
        io.read(path)


def test_a_flipped_bit_in_the_picture_is_found(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", GREY)
    raw = bytearray(path.read_bytes())
    raw[60] ^= 4
    path.write_bytes(raw)
    with pytest.raises(UnreadableFile, match="checksum of its chunk IDAT is wrong"):
        io.read(path)


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [(50_000, 50_000, "50000 x 50000 pixels in a file of"), (0, 0, "no pixels"), (2**31 - 1, 2**31 - 1, "decompression bomb")],
)
def test_a_claim_is_refused_before_it_is_decoded(tmp_path: Path, width: int, height: int, message: str) -> None:
    (tmp_path / "a.png").write_bytes(png(width, height, 8, 0, zlib.compress(bytes(10_000))))
    start = time.perf_counter()
    with pytest.raises(UnreadableFile, match=message):
        io.read(tmp_path / "a.png")
    assert time.perf_counter() - start < 1


def test_random_damage_is_one_sentence_or_a_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for name in ("a.png", "a.jpg", "a.bmp", "a.gif"):
        raw = saved(tmp_path / name, np.tile(GREY, (3, 3))).read_bytes()
        for _ in range(60):
            hurt = bytearray(raw)
            for place in rng.integers(0, len(raw), rng.integers(1, 8)):
                hurt[place] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(hurt[: rng.integers(len(raw) // 2, len(raw) + 1)])
            start = time.perf_counter()
            survives(tmp_path / name)
            assert time.perf_counter() - start < 5


def test_every_micrograph_of_the_miscibility_set(shared_data: Path) -> None:
    pictures = sorted((shared_data / "miscibility/NIMS_image/Total_checked").glob("*.*"))
    assert len(pictures) == 400
    for path in pictures[::8] + [p for p in pictures if p.name.startswith("520_")]:
        assert io.read(path).pixels.std() > 0.01, path.name
