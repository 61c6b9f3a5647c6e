"""
Does the test set give the answer away? Find leaks in a split

A model looks good when its test images are copies of its training images: turned, cropped, brightened, or cut from the same
photograph. The script makes a small data set, splits it carelessly, and asks what leaked. Then it splits by specimen,
which is what Dataset.split always does, and asks again.
"""

from pathlib import Path

import numpy as np

import morphoscope as ms
from morphoscope.datasets import find_leaks
from morphoscope.physics import blend, sem

folder = Path("images")
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(0)


def micrograph():
    """One simulated specimen."""
    mixture = blend.Blend(0.03, float(rng.uniform(0.35, 0.65)), 100, 100)
    evolution = blend.Evolution(mixture, blend.mixed(rng, mixture, size_px=128))
    while evolution.time < 120:
        evolution.step(120)
    return sem.render(evolution.composition, pixel_nm=10, imaging=sem.draw(rng, pixel_nm=10))


samples = []
for number in range(6):
    image = micrograph()
    bright = image.then("brightened", np.clip(image.pixels * 0.8 + 0.15, 0, 1))
    for name, version in {"a": image, "b": image.rotate(90), "c": bright}.items():
        path = ms.write(version, folder / f"specimen{number}{name}.png")
        samples.append(ms.Sample(key=path.stem, group=f"specimen {number}", files={"image": path}))

everything = ms.Dataset("six specimens", tuple(samples), licence="CC0-1.0", cite="simulated")
careless = [ms.Dataset("careless split", tuple(samples[start::2]), "CC0-1.0", "simulated") for start in (0, 1)]
print(find_leaks(*careless).sentence())

train, test = everything.split(0.33, seed=0)
print(find_leaks(train, test).sentence())

rows = [np.hstack([ms.read(folder / f"specimen{number}{name}.png").pixels for name in "abc"]) for number in range(2)]
ms.write(ms.Micrograph(np.vstack(rows)), "versions.png")
