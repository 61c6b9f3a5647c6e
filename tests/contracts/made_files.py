"""One small valid file of every format in READERS, made here; the tests of bad input start from them."""

from __future__ import annotations

import gzip
import io
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import tifffile
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "io"))
import instrument_files as make

GREY = (np.arange(12 * 16, dtype=np.uint8).reshape(12, 16) * 7) % 251
DEEP = GREY.astype(np.uint16) * 200
HEIGHTS = GREY.astype(np.float32) / 9


def pillow(kind: str, **options: object) -> Callable[[Path], Path]:
    def build(path: Path) -> Path:
        Image.fromarray(GREY).save(path, kind, **options)
        return path

    return build


def gif(path: Path) -> Path:
    frames = [Image.fromarray(np.roll(GREY, k)) for k in range(3)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=50)
    return path


def tiff(path: Path) -> Path:
    tifffile.imwrite(
        path, np.stack([DEEP, DEEP[::-1]]), imagej=True, resolution=(2.0, 2.0), metadata={"unit": "um", "axes": "ZYX"}
    )
    return path


def tiff_deflate(path: Path) -> Path:
    tifffile.imwrite(path, HEIGHTS, tile=(16, 16), compression="zlib", bigtiff=True)
    return path


def gzipped(path: Path) -> Path:
    inner = io.BytesIO()
    tifffile.imwrite(inner, DEEP)
    path.write_bytes(gzip.compress(inner.getvalue(), mtime=0))
    return path


def zipped(path: Path) -> Path:
    inner = io.BytesIO()
    Image.fromarray(GREY).save(inner, "PNG")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inside.png"), inner.getvalue())
    return path


def emi_beside_series(path: Path) -> Path:
    make.ser(path.with_name(f"{path.stem}_1.ser"), DEEP[None])
    return make.emi(path)


def hdf5(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["image"] = HEIGHTS
        file["image"].attrs["element_size_um"] = (1.0, 0.5, 0.5)
    return path


def gwyddion(path: Path) -> Path:
    return make.gwy(path, make.gwy_component("/0/data", "o", make.gwy_field(HEIGHTS, real_m=(1e-6, 2e-6))))


def npy(path: Path) -> Path:
    np.save(path, HEIGHTS)
    return path


def npz(path: Path) -> Path:
    np.savez_compressed(path, image=HEIGHTS)
    return path


def edf(path: Path) -> Path:
    fields = {"HeaderID": "EH:000001:000000:000000", "Image": 1, "ByteOrder": "LowByteFirst", "DataType": "FloatValue"}
    fields |= {"Dim_1": 16, "Dim_2": 12, "Size": HEIGHTS.nbytes}
    head = "{\n" + "".join(f"{name} = {value} ;\n" for name, value in fields.items())
    path.write_bytes((head.ljust(510) + "}\n").encode("ascii") + HEIGHTS.tobytes())
    return path


def text(content: str) -> Callable[[Path], Path]:
    def build(path: Path) -> Path:
        path.write_text(content, encoding="utf-8")
        return path

    return build


CURVE = "Q (1/A)\tI (1/cm)\tdI\n" + "".join(f"{0.01 * k:.4f}\t{100 / k:.5f}\t{0.1:.3f}\n" for k in range(1, 30))
CANSAS = (
    '<?xml version="1.0"?>\n<SASroot version="1.0" xmlns="cansas1d/1.0"><SASentry><Title>made</Title><Run>1</Run><SASdata>'
    + "".join(f'<Idata><Q unit="1/A">{0.01 * k}</Q><I unit="1/cm">{100 / k}</I></Idata>' for k in range(1, 12))
    + "</SASdata></SASentry></SASroot>\n"
)
PDH = (
    "made curve\nSAXS\n"
    + f"{12:10d}{0:10d}{0:10d}{0:10d}{0:10d}{0:10d}{0:10d}{0:10d}\n"
    + "".join("  0.000000E+00" * 5 + "\n" for _ in range(2))
    + "".join(f"{0.1 * k:15.6E}{100 / k:15.6E}{1:15.6E}\n" for k in range(1, 13))
)


def video(path: Path) -> Path:
    import av

    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("mjpeg", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuvj420p"
        for k in range(4):
            frame = np.full((24, 32, 3), 40 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def trajectory(path: Path) -> Path:
    """Two frames of five particles, as MDAnalysis writes them."""
    import MDAnalysis

    universe = MDAnalysis.Universe.empty(5, trajectory=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with MDAnalysis.Writer(str(path), n_atoms=5) as file:
            for frame in range(2):
                universe.atoms.positions = PLACES + frame
                universe.dimensions = [20, 20, 20, 90, 90, 90]
                file.write(universe.atoms)
    return path


def gsd(path: Path) -> Path:
    import gsd.hoomd

    with gsd.hoomd.open(str(path), "w") as file:
        frame = gsd.hoomd.Frame()
        frame.configuration.box = [20, 20, 20, 0, 0, 0]
        frame.particles.N = 5
        frame.particles.position = PLACES - 10
        file.append(frame)
    return path


PLACES = np.arange(15, dtype=np.float32).reshape(5, 3)
DUMP = "".join(
    f"ITEM: TIMESTEP\n{100 * frame}\nITEM: NUMBER OF ATOMS\n5\nITEM: BOX BOUNDS pp pp pp\n0 20\n0 20\n0 20\n"
    "ITEM: ATOMS id type x y z\n" + "".join(f"{k + 1} 1 {x} {y} {z}\n" for k, (x, y, z) in enumerate(PLACES.tolist()))
    for frame in range(2)
)


MADE: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "png": (".png", pillow("PNG")),
    "jpeg": (".jpg", pillow("JPEG")),
    "bmp": (".bmp", pillow("BMP")),
    "gif": (".gif", gif),
    "tiff": (".tif", tiff),
    "tiff tiled": (".tif", tiff_deflate),
    "wrapped": (".tif.gz", gzipped),
    "wrapped zip": (".zip", zipped),
    "dm": (".dm4", lambda path: make.dm(path, DEEP)),
    "dm 3": (".dm3", lambda path: make.dm(path, HEIGHTS, version=3)),
    "tia": (".ser", lambda path: make.ser(path, DEEP[None])),
    "emi": (".emi", emi_beside_series),
    "mrc": (".mrc", lambda path: make.mrc(path, HEIGHTS[None], mode=2, cell_a=(160, 120, 10))),
    "hdf5": (".h5", hdf5),
    "hdf5 hyperspy": (".hspy", lambda path: make.hyperspy(path, HEIGHTS, [("y", 2.0, "nm"), ("x", 2.0, "nm")])),
    "emd": (".emd", lambda path: make.velox(path, {"HAADF": DEEP[:, :, None]})),
    "emd berkeley": (".emd", lambda path: make.berkeley(path, HEIGHTS, [("y", 1.0, "nm"), ("x", 1.0, "nm")])),
    "gwyddion": (".gwy", gwyddion),
    "nanoscope": (".spm", lambda path: make.nanoscope(path, {"Height": GREY.astype(np.int16)})),
    "npy": (".npy", npy),
    "npz": (".npz", npz),
    "detector": (".edf", edf),
    "text": (".txt", text(CURVE)),
    "text grid": (".dat", text("\n".join(" ".join(f"{v:.3f}" for v in row) for row in HEIGHTS) + "\n")),
    "pdh": (".pdh", text(PDH)),
    "cansas": (".xml", text(CANSAS)),
    "video": (".avi", video),
    "lammps": (".dump", text(DUMP)),
    "dcd": (".dcd", trajectory),
    "xtc": (".xtc", trajectory),
    "gsd": (".gsd", gsd),
}
"""Format (its name in READERS, then which variant) to the extension and the maker of a file."""


def make_file(name: str, folder: Path) -> Path:
    """A valid file of the format ``name`` in ``folder``."""
    suffix, build = MADE[name]
    return build(folder / f"made{suffix}")
