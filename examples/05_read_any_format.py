"""
One function reads everything

ms.read recognises a file by its content. The script writes the same image in several formats, also with a wrong extension,
plus a curve and a stack, reads them all back, and then shows what happens with files that cannot be read: one sentence each.
"""

from pathlib import Path

import numpy as np

import morphoscope as ms
from morphoscope.errors import InputError

folder = Path("files")
folder.mkdir(exist_ok=True)
run = ms.run("simulate blend", size_px=128, time=100, bar="none")
image = ms.read(Path("morphoscope-lab") / "runs" / run.run / "micrograph.ome.tif")

for name in ("image.ome.tif", "image.png", "image.h5"):
    ms.write(image, folder / name)
(folder / "misnamed.tif").write_bytes((folder / "image.png").read_bytes())
ms.write(ms.Stack((image, image.crop(0, 0, 64, 64).resize(128, 128)), axis="page"), folder / "stack.ome.tif")
np.save(folder / "array.npy", image.raw())
q = np.geomspace(0.01, 1, 50)
np.savetxt(folder / "curve.csv", np.column_stack([q, q**-4]), delimiter=",", header="q (1/nm),I", comments="")

(folder / "empty.tif").touch()
(folder / "cut.png").write_bytes((folder / "image.png").read_bytes()[:500])
(folder / "notes.docx").write_bytes(b"PK no image in here")

for path in sorted(folder.iterdir()):
    try:
        noun = ms.read(path)
    except InputError as error:
        print(f"{'refused':<12}{error}")
    else:
        size = f"{noun.width_px} x {noun.height_px}" if isinstance(noun, ms.Micrograph) else f"{len(noun)} long"
        pixel = getattr(noun[0] if isinstance(noun, ms.Stack) else noun, "pixel_size_nm", None)
        scale = f"{pixel[1]:g} nm a pixel" if pixel else "no scale"
        print(f"{type(noun).__name__:<12}{path.name:<16}{size:<12}{scale}")

ms.write(image, "image.png")
