"""Damaged files of every format: read or refused in one sentence, quickly, in bounded memory, without a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_files import MADE, make_file

CHILD = Path(__file__).with_name("read_many.py")
SECONDS_A_CALL = 5
SECONDS_A_BATCH = 100
PEAK_BYTES = 2 * 2**30
FEW, MANY = 6, 120
MANY_REAL = 25

REAL = (
    "vendor_metadata/rosettasciio/digitalmicrograph/2D/test_STEM_image.dm3",
    "vendor_metadata/rosettasciio/emd/fei_example_tem_stack.emd",
    "vendor_metadata/rosettasciio/tia/old/64x64_TEM_images_acquire_1.ser",
    "vendor_metadata/rosettasciio/tia/old/64x64_TEM_images_acquire.emi",
    "vendor_metadata/rosettasciio/tiff/test_loading_image_saved_with_imageJ_stack.tif",
    "vendor_metadata/rosettasciio/tiff/test_loading_image_saved_with_DM.tif",
    "vendor_metadata/rosettasciio/tiff/JEOL-SightX-SAED-dummy.tif.gz",
    "vendor_metadata/rosettasciio/tiff/optical_Zeiss_AxioVision_BW.tif",
    "vendor_metadata/rosettasciio/tiff/test_rgba16.zip",
    "particlespy_haadf/data/trainingmask.png",
    "particlespy_haadf/data/SiO2 HAADF Image.hspy",
    "scattering_1d/sasview/P123_D2O_10_percent.xml",
    "scattering_1d/sasview/sphere_80.txt",
    "scattering_1d/mcsas3/quickstartdemo1.csv",
    "scattering_1d/mcsas3/S2870 BSA THF 1 1 d.pdh",
    "scattering_2d/crease2d/E1.txt",
    "colloid_video/trackpy_wire/vertical_frame.npy",
)


def fuzz(sources: list[Path], folder: Path, first: int, last: int) -> list[dict]:
    """Outcomes of mutations ``first`` to ``last - 1``; a crash or a hang fails with the mutation that caused it."""
    folder.mkdir()
    command = [sys.executable, str(CHILD), str(folder), str(first), str(last), *map(str, sources)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_A_BATCH, check=False)
        text, error, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as late:
        text, error, code = (late.stdout or b"").decode(), "no end in sight", None
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    outcomes = [line for line in lines if "outcome" in line]
    if len(outcomes) != (last - first) * len(sources):
        begun = [line["starting"] for line in lines if "starting" in line]
        pytest.fail(f"mutation {begun[-1] if begun else None} ended the process (exit code {code}): {error[-2000:]}")
    return outcomes


def check(outcomes: list[dict]) -> None:
    """All the promises on one batch, each failure naming the mutation that shows it."""
    for wrong in ("foreign", "ill said", "other of ours"):
        found = [f"{o['mutation']}: {o['message']}" for o in outcomes if o["outcome"] == wrong]
        assert not found, f"{len(found)} mutations came out {wrong}: " + "\n".join(found[:5])
    slow = [(o["mutation"], o["seconds"], o["message"]) for o in outcomes if o["seconds"] > SECONDS_A_CALL]
    assert not slow, f"slow: {slow}"
    greedy = [o for o in outcomes if o["peak_bytes"] > PEAK_BYTES]
    assert not greedy, f"mutation {greedy[0]['mutation']} brought the peak to {greedy[0]['peak_bytes'] / 2**30:.1f} GiB"


def test_a_few_mutations_of_every_made_file(tmp_path):
    sources = []
    for name in MADE:
        (tmp_path / name).mkdir()
        sources.append(make_file(name, tmp_path / name))
    check(fuzz(sources, tmp_path / "out", 0, FEW))


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_many_mutations_of_every_made_file(name, tmp_path):
    """27 files, 120 mutations each: more than 3,000."""
    assert len(MADE) * MANY >= 3000
    source = make_file(name, tmp_path)
    outcomes = fuzz([source], tmp_path / "out", 1000, 1000 + MANY)
    check(outcomes)
    if name != "emi":  # what its own few bytes say beside the series is optional
        assert "refused" in {o["outcome"] for o in outcomes}, "no mutation was ever refused: is the file mutated at all?"


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_mutations_of_real_files(name, shared_data, tmp_path):
    source = shared_data / name
    check(fuzz([source], tmp_path / "out", 5000, 5000 + MANY_REAL))


def test_a_crash_names_the_mutation(tmp_path, monkeypatch):
    """The harness itself: a child that dies in the middle is noticed, and so is an answer that breaks a promise."""
    child = tmp_path / "dies.py"
    child.write_text('import os\nprint(\'{"starting": "7 of a.png"}\', flush=True)\nos.abort()\n')
    monkeypatch.setattr("test_fuzz.CHILD", child)
    with pytest.raises(pytest.fail.Exception, match=r"mutation 7 of a\.png ended the process \(exit code -6\)"):
        fuzz([tmp_path / "a.png"], tmp_path / "out", 7, 9)
    good = {"mutation": "1 of a.png", "outcome": "refused", "message": "", "seconds": 0.1, "peak_bytes": 1}
    check([good])
    for bad in ({"outcome": "foreign"}, {"outcome": "ill said"}, {"seconds": 9.0}, {"peak_bytes": 2**40}):
        with pytest.raises(AssertionError):
            check([good, {**good, **bad}])
