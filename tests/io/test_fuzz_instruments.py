"""Files of instruments with bytes changed, cut out and added: an answer or one of our sentences, soon, in bounded memory."""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import fabio.adscimage
import fabio.bruker100image
import fabio.cbfimage
import fabio.edfimage
import numpy as np
import pytest
from instrument_files import berkeley, dm, emi, gwy, gwy_component, gwy_field, hyperspy, mrc, nanoscope, ser, velox
from PIL import Image

from morphoscope.core import Micrograph, Stack
from morphoscope.errors import MorphoscopeError
from morphoscope.io import hdf5, read

BLOCK = np.arange(3 * 20 * 24, dtype=np.uint16).reshape(3, 20, 24)
PLANE = BLOCK[0].astype(np.int32)
SECONDS = 5.0
TIMES = 25
GROWTH_BYTES = 2 * 2**30


def saved(path: Path) -> Path:
    frames = tuple(Micrograph.from_raw(plane, header={"a": (1, [2.0])}) for plane in BLOCK)
    return hdf5.write(Stack(frames, axis="time", times_s=(0.0, 1.0, 2.0)), path)


def npy(path: Path) -> Path:
    np.save(path, BLOCK)
    return path


def npz(path: Path) -> Path:
    np.savez_compressed(path, image=BLOCK, other=PLANE)
    return path


def edf(path: Path) -> Path:
    fabio.edfimage.EdfImage(data=PLANE, header={"WaveLength": "1e-10"}).write(str(path))
    return path


def cbf(path: Path) -> Path:
    fabio.cbfimage.CbfImage(data=PLANE).write(str(path))
    return path


def adsc(path: Path) -> Path:
    header = {
        "WAVELENGTH": "1.0",
        "DISTANCE": "200",
        "PIXEL_SIZE": "0.1",
        "BEAM_CENTER_X": "1",
        "BEAM_CENTER_Y": "1",
        "BYTE_ORDER": "little_endian",
        "HEADER_BYTES": "512",
    }
    fabio.adscimage.AdscImage(data=PLANE.astype(np.uint16), header=header).write(str(path))
    return path


def bruker(path: Path) -> Path:
    fabio.bruker100image.Bruker100Image(data=PLANE.astype(np.uint16)).write(str(path))
    return path


def film(path: Path) -> Path:
    av = pytest.importorskip("av", reason="the extra 'video' is not installed")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg" if path.suffix == ".avi" else "mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if path.suffix == ".avi" else "yuv420p"
        for index in range(6):
            packets = stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 30 * index, np.uint8), format="rgb24"))
            container.mux(packets)
        container.mux(stream.encode())
    return path


def gif(path: Path) -> Path:
    pictures = [Image.fromarray((plane % 256).astype(np.uint8)) for plane in BLOCK]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    return path


def text(lines: list[str]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_text("\n".join(lines))
        return path

    return write


def with_emi(path: Path) -> Path:
    ser(path.with_name(f"{path.stem}_1.ser"), BLOCK)
    return emi(path)


POINTS = [f"{x * 0.01:.2f} {y * 0.01:.2f} {x * y} 1" for y in range(-5, 5) for x in range(-5, 5)]
XML = '<?xml version="1.0"?><SASroot><SASentry><SASdata>{}</SASdata></SASentry></SASroot>'
PDH = [
    "made",
    "SAXS",
    "  ".join(["20", *["0"] * 7]),
    "0 300 0 1 0.154",
    "1 2 3 4 5",
    *[f"{i * 0.1:.1f} {i} 1" for i in range(20)],
]
FILES: dict[str, Callable[[Path], Path]] = {
    "a.dm3": lambda path: dm(path, BLOCK, version=3, tags={"Microscope Info": {"Voltage": 2e5, "Name": "made"}}),
    "a.dm4": lambda path: dm(path, BLOCK.astype("f4"), tags={"Microscope Info": {"Voltage": 2e5, "Name": "made"}}),
    "a.ser": lambda path: ser(path, BLOCK),
    "a.emi": with_emi,
    "a.mrc": lambda path: mrc(path, BLOCK, mode=6, cell_a=(24, 20, 3), volume=True),
    "velox.emd": lambda path: velox(path, {"HAADF": np.moveaxis(BLOCK, 0, -1)}),
    "berkeley.emd": lambda path: berkeley(path, BLOCK, [("z", 1.0, "nm"), ("y", 1.0, "nm"), ("x", 1.0, "nm")]),
    "a.hspy": lambda path: hyperspy(path, BLOCK, [("z", 1.0, "nm"), ("y", 1.0, "nm"), ("x", 1.0, "nm")]),
    "a.h5": saved,
    "a.gwy": lambda path: gwy(path, gwy_component("/0/data", "o", gwy_field(PLANE * 1e-9, real_m=(1e-6, 1e-6)))),
    "a.spm": lambda path: nanoscope(path, {"Height": PLANE, "Phase": PLANE}),
    "a.npy": npy,
    "a.npz": npz,
    "a.edf": edf,
    "a.cbf": cbf,
    "a.img": adsc,
    "a.sfrm": bruker,
    "a.gif": gif,
    "a.avi": film,
    "a.mp4": film,
    "curve.csv": text(["# q;I;dI", *[f"{i * 0.1};{i};{i / 7}" for i in range(1, 40)]]),
    "qxqy.dat": text(["Data columns Qx - Qy - I(Qx,Qy) - err(I)", "ASCII data", *POINTS]),
    "matrix.txt": text([",".join(str(i * j) for i in range(20)) for j in range(20)]),
    "a.xml": text([XML.format("".join(f'<Idata><Q unit="1/A">{i}</Q><I unit="1/cm">2</I></Idata>' for i in range(1, 20)))]),
    "a.pdh": text(PDH),
}


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """``content`` with one or a few things wrong, half of them near its beginning, where headers are."""
    body = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not body:
            break
        reach = min(len(body), 1024) if rng.random() < 0.5 else len(body)
        at, kind = int(rng.integers(reach)), int(rng.integers(7))
        if kind == 0:
            body[at] = int(rng.integers(256))
        elif kind == 1:
            body[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            body[at : at + 4] = [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0"][int(rng.integers(4))]
        elif kind == 3:
            del body[at : at + int(rng.integers(1, 40))]
        elif kind == 4:
            del body[at:]
        elif kind == 5:
            body[at:at] = rng.bytes(int(rng.integers(1, 40)))
        else:
            other = int(rng.integers(len(body)))
            body[at : at + 16] = body[other : other + 16]
    return bytes(body)


def attempt(path: Path) -> None:
    """Read ``path``: any exception but ours passes through, as does the time it takes."""
    started, sentence = time.perf_counter(), ""
    try:
        read(path)
    except MorphoscopeError as error:
        sentence = str(error)
    assert not sentence or (sentence.startswith(path.name) and "\n" not in sentence), sentence
    assert time.perf_counter() - started < SECONDS


@pytest.mark.parametrize("name", FILES)
def test_mutated_files(tmp_path: Path, name: str) -> None:
    path = FILES[name](tmp_path / name)
    content = path.read_bytes()
    attempt(path)
    rng = np.random.default_rng(len(name) * 1000 + sum(name.encode()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for _ in range(TIMES):
        path.write_bytes(mutated(content, rng))
        attempt(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < GROWTH_BYTES


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_nonsense_under_every_name(tmp_path: Path, name: str) -> None:
    content = FILES[name](tmp_path / name).read_bytes()
    path = tmp_path / ("other" + Path(name).suffix)
    for body in (b"", b"\0", content[:1], content[:7], content[:100], b"\xff" * 3000, bytes(3000), b"word " * 500, content[::-1]):
        path.write_bytes(body)
        attempt(path)
