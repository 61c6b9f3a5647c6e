"""Each maker's metadata give the pixel size of the image as it is, and damaged ones never hide the pixels."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from morphoscope import io
from morphoscope.core import Micrograph

GREY = np.random.default_rng(1).integers(0, 256, (96, 128), dtype=np.uint8)


def tiff(folder: Path, tags: dict[int, bytes], *, size: tuple[int, int] = (96, 128), **options: Any) -> Micrograph:
    """A grey TIFF of ``size`` (rows, columns) with these private tags, read back."""
    extratags = [(code, "B", len(body), body, True) for code, body in tags.items()]
    grey = np.resize(GREY, size)
    tifffile.imwrite(folder / "a.tif", grey, photometric="minisblack", metadata=None, extratags=extratags, **options)
    found = io.read(folder / "a.tif")
    assert isinstance(found, Micrograph)
    json.dumps(dict(found.header))
    json.dumps(dict(found.conditions))
    return found


FEI = "\r\n".join(
    [
        *(
            "[User]",
            "Date=06/13/2016",
            "Time=05:06:40 PM",
            "[System]",
            "SystemType=Helios NanoLab",
            "[Beam]",
            "HV=5000",
            "Beam=EBeam",
        ),
        *("[EBeam]", "WD=0.00403466", "BeamCurrent=6.25e-12", "HFW=1.28e-6"),
        *("[Scan]", "PixelWidth={x}", "PixelHeight={y}", "Dwelltime=1e-5", "[Image]", "ResolutionX={w}", "ResolutionY={h}"),
        *("[Detectors]", "Name=ETD", "[PrivateFei]", "DatabarHeight={bar}", "[Stage]", "StageT=0.5235988", ""),
    ]
)


@pytest.mark.parametrize("code", [34680, 34682])
def test_fei(tmp_path: Path, code: int) -> None:
    text = FEI.format(x="1.2e-009", y="1.5e-009", w=128, h=88, bar=8)
    found = tiff(tmp_path, {code: text.encode()})
    assert found.pixel_size_nm == pytest.approx((1.5, 1.2))
    assert found.pixel_size.origin == "metadata: FEI Scan.PixelWidth"
    assert found.data_bar_row_px == 88
    assert found.header["fei"] == text
    expected = {"vendor": "FEI / Thermo Fisher", "instrument": "Helios NanoLab", "detector": "ETD", "voltage_kv": 5.0}
    numbers = {"working_distance_mm": 4.03466, "dwell_time_us": 10.0, "probe_current_pa": 6.25, "tilt_alpha_deg": 30.0}
    assert expected.items() <= found.conditions.items()
    assert {key: found.conditions[key] for key in numbers} == pytest.approx(numbers, rel=1e-6)


def test_fei_with_decimal_commas_and_other_names(tmp_path: Path) -> None:
    text = FEI.format(x="1,2E-009", y="1,2E-009", w=128, h=96, bar=0).replace("[Scan]", "[EScan]")
    found = tiff(tmp_path, {34682: text.encode("utf-16")})
    assert found.pixel_size_nm == pytest.approx((1.2, 1.2))
    assert found.pixel_size.origin == "metadata: FEI EScan.PixelWidth"
    assert found.data_bar_row_px is None


def test_fei_field_width_stands_in(tmp_path: Path) -> None:
    text = "[IRBeam]\r\nHFW=0.128\r\nVFW=0.096\r\n[Image]\r\nResolutionX=128\r\nResolutionY=96\r\n"
    assert tiff(tmp_path, {34682: text.encode()}).pixel_size_nm == pytest.approx((1e6, 1e6))
    no_number = text.replace("0.128", "").replace("0.096", "nan")
    assert tiff(tmp_path, {34682: no_number.encode()}).pixel_size is None


def test_fei_saved_at_half_size(tmp_path: Path) -> None:
    text = FEI.format(x="1e-9", y="1e-9", w=256, h=192, bar=0)
    found = tiff(tmp_path, {34682: text.encode()})
    assert found.pixel_size_nm == pytest.approx((2, 2))
    assert "corrected" in found.notes[0]


PHENOM = """<?xml version="1.0"?><FeiImage><time>2020</time><databarHeight>6</databarHeight>
<pixelWidth unit="nm">25.5</pixelWidth><pixelHeight unit="nm">25.5</pixelHeight>
<acquisition><accelerationVoltage unit="V">-15000</accelerationVoltage></acquisition></FeiImage>"""


def test_phenom_in_tiff_and_jpeg(tmp_path: Path) -> None:
    found = tiff(tmp_path, {34683: PHENOM.encode()})
    assert found.pixel_size_nm == pytest.approx((25.5, 25.5))
    assert (found.data_bar_row_px, found.conditions["voltage_kv"]) == (90, 15.0)
    Image.fromarray(GREY).save(tmp_path / "a.jpg", comment=PHENOM.encode())
    assert io.read(tmp_path / "a.jpg").pixel_size_nm == pytest.approx((25.5, 25.5))


def test_thermo_xml(tmp_path: Path) -> None:
    size = '<PixelSize><X unit="m">3e-9</X><Y unit="m">2e-9</Y></PixelSize>'
    text = f'<Metadata xmlns="http://schemas.fei.com/Metadata/v1"><BinaryResult>{size}</BinaryResult></Metadata>'
    assert tiff(tmp_path, {34683: text.encode()}).pixel_size_nm == pytest.approx((2, 3))


def zeiss(image: str = "", screen: str = "", store: str = "1024 * 768", width: str = "", number: str = "0") -> bytes:
    pairs = {
        "DP_IMAGE_STORE": store and f"Store resolution = {store}",
        "AP_MAG": "Mag =   50.00 K X",
        "AP_PIXEL_SIZE": screen and f"Pixel Size = {screen}",
        "AP_IMAGE_PIXEL_SIZE": image and f"Image Pixel Size = {image}",
        "AP_WIDTH": width and f"Width = {width}",
        "AP_WD": "WD =  2.8 mm",
        "AP_ACTUALKV": "EHT = 20.00 kV",
        "DP_DETECTOR_CHANNEL": "Signal A = InLens",
        "AP_DATE": "Date :18 Jul 2019",
    }
    body = "".join(f"{key}\r\n{line}\r\n" for key, line in pairs.items() if line)
    return f"0\r\n0\r\n0\r\n{number}\r\n5.0e+004\r\n{body}".encode("cp1252")


@pytest.mark.parametrize(
    ("text", "width", "nm"),
    [
        (zeiss("7.344 nm", "7.344 nm"), 1024, 7.344),
        (zeiss("558.2 pm", "558.2 pm"), 1024, 0.5582),
        (zeiss("1.116 µm", "1.116 µm"), 1024, 1116),
        (zeiss("7.344 nm", "12.40 nm"), 1024, 7.344),
        (zeiss("5.585 nm", "11.17 nm", "2048 * 1536", number="1.117e-8"), 2048, 5.585),
        (zeiss("11.65 nm", "5.825 nm", "512 * 384"), 512, 11.65),
        (zeiss("5.825 nm", "5.825 nm", "1024 * 768"), 512, 11.65),
        (zeiss("5.825 nm", "5.825 nm", "512 * 384", number="5.824988e-9"), 512, 11.649976),
        (zeiss("5.825 nm", "5.825 nm", "1024 * 768", "5.965 µm"), 512, 11.65),
        (zeiss("11.65 nm", "5.825 nm", "1024 * 768"), 512, 11.65),
        (zeiss("", "5.825 nm", ""), 512, 11.65),
        (zeiss("", "", "", number="2.614514e-6"), 1024, 2614.514),
        (zeiss("", "", "", "10.24 µm"), 1024, 10),
    ],
)
def test_zeiss_gives_the_pixel_of_the_image_not_of_the_screen(tmp_path: Path, text: bytes, width: int, nm: float) -> None:
    found = tiff(tmp_path, {34118: text}, size=(width * 3 // 4, width))
    assert found.pixel_size.x_nm == pytest.approx(nm, rel=1e-6)
    assert found.conditions["magnification"] == 50_000
    expected = {"vendor": "Zeiss", "voltage_kv": 20.0, "working_distance_mm": 2.8, "detector": "InLens", "date": "18 Jul 2019"}
    assert expected.items() <= found.conditions.items()


def test_zeiss_correction_is_noted(tmp_path: Path) -> None:
    found = tiff(tmp_path, {34118: zeiss("5.825 nm", "5.825 nm")}, size=(384, 512))
    assert "corrected for 512 pixels" in found.notes[0]


def test_orion(tmp_path: Path) -> None:
    text = '<Fibics><Scan><FOV_X units="um">1.28</FOV_X><FOV_Y units="um">0.96</FOV_Y></Scan></Fibics>'
    assert tiff(tmp_path, {51023: text.encode()}).pixel_size_nm == pytest.approx((10, 10))


TESCAN = """[MAIN]
Device=MIRA3
DeviceModel=S8215
Magnification=20000.0
PixelSizeX=1.5e-08
PixelSizeY=1.6e-08
ImageStripSize=6
Date=2019-01-02

[SEM]
HV=10000.0
WD=0.005
Detector=SE
"""


@pytest.mark.parametrize("prefix", [b"", b"\x01\xf2\0\x07JUNK"])
def test_tescan_tag(tmp_path: Path, prefix: bytes) -> None:
    found = tiff(tmp_path, {50431: prefix + TESCAN.encode()})
    assert found.pixel_size_nm == pytest.approx((16, 15))
    assert found.data_bar_row_px == 90
    expected = {
        "vendor": "TESCAN",
        "instrument": "S8215",
        "voltage_kv": 10.0,
        "working_distance_mm": 5.0,
        "magnification": 20000.0,
    }
    assert expected.items() <= found.conditions.items()


@pytest.mark.parametrize(("name", "beside"), [("a.png", "a-png.hdr"), ("a.jpg", "a.hdr"), ("a.tif", "a-tif.hdr")])
def test_tescan_beside(tmp_path: Path, name: str, beside: str) -> None:
    Image.fromarray(GREY).save(tmp_path / name)
    (tmp_path / beside).write_text(TESCAN)
    found = io.read(tmp_path / name)
    assert found.pixel_size_nm == pytest.approx((16, 15))
    assert found.header[beside] == TESCAN


HITACHI = """[SemImageFile]
InstructName={name}
DataSize={size}
PixelSize={pixel}
AcceleratingVoltage={volts}
Magnification=25000
WorkingDistance={distance}
SignalName=SE(U)
"""


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize(
    ("texts", "nm", "note"),
    [
        ({"name": "S-4800", "size": "128x96", "pixel": "3.96875", "volts": "4000 Volt", "distance": "2800 um"}, 3.96875, None),
        ({"name": "SU8000", "size": "256x192", "pixel": "3,96875", "volts": "4 kV", "distance": "2.8 mm"}, 7.9375, "corrected"),
        ({"name": "TM3000", "size": "128x88", "pixel": "3.96875", "volts": "4000", "distance": "2800"}, 3.96875, None),
        ({"name": "TM-1000", "size": "", "pixel": "3.96875", "volts": "4kV", "distance": "2800 µm"}, 3.96875, None),
    ],
)
def test_hitachi(tmp_path: Path, encoding: str, texts: dict[str, str], nm: float, note: str | None) -> None:
    for name in ("a.tif", "a.png", "a.bmp", "a.jpg"):
        Image.fromarray(GREY).save(tmp_path / name)
    text = HITACHI.format(**texts)
    (tmp_path / "a.txt").write_bytes(text.encode(encoding if "µ" not in text or encoding != "ascii" else "latin-1"))
    for name in ("a.tif", "a.png", "a.bmp", "a.jpg"):
        found = io.read(tmp_path / name)
        assert found.pixel_size.x_nm == pytest.approx(nm)
        assert (found.conditions["voltage_kv"], found.conditions["working_distance_mm"]) == (4.0, 2.8)
        assert found.data_bar_row_px == (88 if "x88" in texts["size"] else None)
        assert (note is None and not found.notes) or note in found.notes[-1]


def test_hitachi_without_a_number_is_no_scale(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("[SemImageFile]\nMagnification=100\n")
    found = io.read(tmp_path / "a.png")
    assert found.pixel_size is None
    assert found.notes == ("the Hitachi text names no pixel size",)


JEOL = (
    "$CM_FORMAT JEOL/SEM\r\n$CM_INSTRUMENT JSM-7500F\r\n$CM_MAG 25000\r\n$CM_ACCEL_VOLT 5.0\r\n$CM_SIGNAL SEI\r\n$$SM_WD 8.0\r\n"
)


@pytest.mark.parametrize(
    ("lines", "nm", "bar"),
    [
        ("$CM_FULL_SIZE 128 96\r\n$$SM_MICRON_BAR 50\r\n$$SM_MICRON_MARKER 1um\r\n", 20, None),
        ("$CM_FULL_SIZE 128 88\r\n$$SM_MICRON_BAR 50\r\n$$SM_MICRON_MARKER 100nm\r\n", 2, 88),
        ("$CM_FULL_SIZE 256 192\r\n$$SM_MICRON_BAR 50\r\n$$SM_MICRON_MARKER 1 µm\r\n", 40, None),
        ("$CM_IMAGE_SIZE 128 88\r\n$CM_PIXEL_SIZE 19.8nm\r\n$SM_MICRON_BAR 50\r\n$SM_MICRON_MARKER 1um\r\n", 19.8, 88),
        ("$CM_IMAGE_SIZE 128 96\r\n$CM_FIELD_OF_VIEW 2.56 1.92\r\n$SM_MICRON_BAR 51\r\n$SM_MICRON_MARKER 1um\r\n", 20, None),
        ("$CM_FULL_SIZE 128 96\r\n", None, None),
    ],
)
def test_jeol_beside(tmp_path: Path, lines: str, nm: float | None, bar: int | None) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.tif")
    (tmp_path / "a.txt").write_bytes((JEOL + lines).encode("latin-1"))
    found = io.read(tmp_path / "a.tif")
    assert (found.pixel_size and found.pixel_size.x_nm) == (nm and pytest.approx(nm))
    assert found.data_bar_row_px == bar
    expected = {
        "vendor": "JEOL",
        "instrument": "JSM-7500F",
        "voltage_kv": 5.0,
        "working_distance_mm": 8.0,
        "magnification": 25000.0,
    }
    assert expected.items() <= found.conditions.items()


def test_jeol_marker_says_how_well_it_is_known(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.tif")
    (tmp_path / "a.txt").write_text(JEOL + "$$SM_MICRON_BAR 50\n$$SM_MICRON_MARKER 1um\n")
    assert io.read(tmp_path / "a.tif").pixel_size.relative_error == pytest.approx(1 / 12**0.5 / 50)


def test_sightx(tmp_path: Path) -> None:
    imaging = "<ImageFormingSystem><ModeString>{mode}</ModeString><SelectorValue>150000</SelectorValue></ImageFormingSystem>"
    text = f"<TemReporter><Instruments>JEM-1400</Instruments><Eos><EosMode>eosTEM</EosMode></Eos>{imaging}</TemReporter>"
    resolution = {"resolution": (93, 93), "resolutionunit": "INCH"}
    found = tiff(tmp_path, {}, description=text.format(mode="MAG"), **resolution)
    assert found.pixel_size_nm == pytest.approx((1.8208, 1.8208), rel=1e-4)
    found = tiff(tmp_path, {}, description=text.format(mode="DIFF"), **resolution)
    assert found.pixel_size is None
    assert "diffraction" in found.notes[0]


def test_olympus_sis_and_its_preview(tmp_path: Path) -> None:
    head = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 30, 12, 24, 4, 118, b"image", 1)
    general = struct.pack("<10xhdd8xd2x34s32s", -9, 0.5, 0.25, 40_000.0, b"Veleta", b"")
    block = head + struct.pack("<hhI", 1, 1, 0) + general
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(np.dstack([GREY] * 3), photometric="rgb", metadata=None)
        tags = [(33560, "B", len(block), block, True)]
        tif.write(GREY.astype(np.uint16), photometric="minisblack", metadata=None, extratags=tags)
    raw = (tmp_path / "a.tif").read_bytes()
    start = raw.index(b"SIS0")
    pointer = struct.pack("<I", start + len(head) + 8)
    (tmp_path / "a.tif").write_bytes(raw[: start + len(head) + 4] + pointer + raw[start + len(head) + 8 :])
    found = io.read(tmp_path / "a.tif")
    assert found.pixel_size_nm == pytest.approx((0.25, 0.5))
    assert (found.bits, found.conditions["detector"], found.conditions["magnification"]) == (16, "Veleta", 40_000)
    assert "preview" in found.notes[0]


def test_gatan(tmp_path: Path) -> None:
    tags = [(65003, "s", 0, "nm", True), (65004, "s", 0, "nm", True), (65009, "d", 1, 0.5, True), (65010, "d", 1, 0.25, True)]
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="minisblack", metadata=None, extratags=tags)
    assert io.read(tmp_path / "a.tif").pixel_size_nm == (0.25, 0.5)
    inverse = [(65003, "s", 0, "1/nm", True), (65004, "s", 0, "1/nm", True), *tags[2:]]
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="minisblack", metadata=None, extratags=inverse)
    found = io.read(tmp_path / "a.tif")
    assert found.pixel_size is None
    assert "diffraction" in found.notes[0]


def test_hamamatsu(tmp_path: Path) -> None:
    lines = [
        '[Application],Time="13:00:03",Software="{software}"',
        '[Camera],CameraName="C13440"',
        '[Acquisition],ExposureTime="20 ms",Time="25970"',
        '[Scaling],ScalingXScale=0.1,ScalingXUnit="{unit}",ScalingYScale=0.2,ScalingYUnit="{unit}"',
    ]
    text = "\r\n".join(lines)
    options = {"software": "HiPic 9.5"}
    tag = (315, "s", 0, "Copyright Hamamatsu GmbH", True)
    for software, unit, expected in (("HiPic", "µm", (200, 100)), ("HPD-TA", "nm", None), ("HiPic", "ps", None)):
        described = text.format(software=software, unit=unit).encode("utf-8")
        tifffile.imwrite(
            tmp_path / "a.tif",
            GREY,
            photometric="minisblack",
            metadata=None,
            description=described,
            **{**options, "extratags": [tag]},
        )
        found = io.read(tmp_path / "a.tif")
        assert found.pixel_size_nm == (expected and pytest.approx(expected))
        assert [found.conditions[key] for key in ("detector", "exposure_s", "date")] == ["C13440", 0.02, "13:00:03"]


def test_resolution_is_believed_of_microscopes_only(tmp_path: Path) -> None:
    options = {"resolution": (7_038_270, 7_038_270), "resolutionunit": "CENTIMETER"}
    assert tiff(tmp_path, {}, software="TVIPS EMMENU 4", **options).pixel_size_nm == pytest.approx((1.42080, 1.42080), rel=1e-5)
    assert tiff(tmp_path, {}, software="Adobe Photoshop", **options).pixel_size is None
    printed = {"resolution": (118, 118), "resolutionunit": "CENTIMETER"}
    assert tiff(tmp_path, {}, software="TVIPS EMMENU 4", **printed).pixel_size is None


@pytest.mark.parametrize("code", [34118, 34680, 34682, 34683, 50431, 33560, 33471, 37706, 51023, 65000])
@pytest.mark.parametrize(
    "body", [b"", b"\0" * 64, bytes(range(256)), b"<a><b>", b"[Scan]\r\nPixelWidth=abc", struct.pack("<I", 2**31)]
)
def test_malformed_metadata_leave_the_pixels_readable(tmp_path: Path, code: int, body: bytes) -> None:
    found = tiff(tmp_path, {code: body or b"\0"})
    assert found.pixel_size is None
    np.testing.assert_array_equal(np.rint(found.raw()), GREY)


def test_xml_that_grows_is_not_opened(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    text = f'<!DOCTYPE FeiImage [<!ENTITY a0 "x">{entities}]><FeiImage><pixelWidth unit="nm">&a9;</pixelWidth></FeiImage>'
    found = tiff(tmp_path, {34683: text.encode()})
    assert "damaged and were ignored" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "nm", "vendor"),
    [
        ("bam_tio2_sem/images/1908248.tif", 7.344, "Zeiss"),
        ("bcp_sem/L75 on Dow 55_q02.tif", 3.96875, "Hitachi"),
        ("vendor_metadata/rosettasciio/tiff/TVIPS_bin4.zip", 1.42080, "TVIPS"),
        ("vendor_metadata/rosettasciio/tiff/optical_Zeiss_AxioVision_BW.tif", None, "Zeiss"),
        ("vendor_metadata/rosettasciio/tiff/JEOL-SightX-SAED-dummy.tif.gz", None, "JEOL"),
        ("vendor_metadata/rosettasciio/tiff/JEOL-SightX-Ronchigram-dummy.tif.gz", None, "JEOL"),
    ],
)
def test_collected_files(shared_data: Path, name: str, nm: float | None, vendor: str) -> None:
    found = io.read(shared_data / name)
    assert (found.pixel_size and found.pixel_size.x_nm) == (nm and pytest.approx(nm, rel=1e-4))
    assert found.conditions["vendor"] == vendor
