"""Every line of READERS keeps its promise."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest
from made_files import MADE, make_file

from morphoscope.core import Curve, LabelMap, Micrograph, Pattern, Stack, Trajectory
from morphoscope.io import READERS, read, recognise

every_format = pytest.mark.parametrize("name", READERS)


@every_format
def test_the_reader_exists_and_takes_a_path_and_options(name):
    module, function = READERS[name].reader.split(":")
    reader = getattr(importlib.import_module(f"morphoscope.io.{module}"), function)
    assert len(inspect.signature(reader).parameters) == 2
    assert inspect.getdoc(reader), f"{reader} has no docstring"


@every_format
def test_the_entry_is_well_formed(name):
    entry = READERS[name]
    assert entry.summary
    assert entry.summary == entry.summary.strip(" .")
    assert "\n" not in entry.summary
    assert entry.extensions
    for extension in entry.extensions:
        assert extension.startswith(".")
        assert extension == extension.lower()
    assert all(isinstance(magic, bytes) and magic for magic in entry.magic)


def test_no_two_formats_share_an_extension():
    extensions = [extension for entry in READERS.values() for extension in entry.extensions]
    assert len(extensions) == len(set(extensions))


def test_every_format_is_made_and_read_by_the_tests():
    missing = set(READERS) - {name.split()[0] for name in MADE}
    assert not missing, f"add a maker for {sorted(missing)} to tests/contracts/made_files.py"
    unknown = {name.split()[0] for name in MADE} - set(READERS)
    assert not unknown


@pytest.mark.parametrize("name", MADE)
def test_a_made_file_is_recognised_and_read(name, tmp_path):
    path = make_file(name, tmp_path)
    assert recognise(path)[0] == name.split()[0]
    noun = read(path)
    assert isinstance(noun, Micrograph | Stack | Pattern | Curve | LabelMap | Trajectory)
    assert noun.source == str(path.with_name("made_1.ser") if name == "emi" else path)
    if isinstance(noun, Stack):
        noun = noun[0]
    if isinstance(noun, Micrograph):
        assert noun.pixels.shape in ((12, 16), (24, 32), (16, 12))
        assert np.isfinite(noun.pixels).all()
        assert noun.pixels.max() > noun.pixels.min() or name == "video"
    if isinstance(noun, Curve):
        assert len(noun) >= 10


@pytest.mark.parametrize("name", MADE)
def test_reading_leaves_the_file_and_its_folder_alone(name, tmp_path):
    path = make_file(name, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    read(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", MADE)
def test_capitals_in_the_extension_change_nothing(name, tmp_path):
    path = make_file(name, tmp_path)
    loud = path.rename(path.with_name(path.name.upper()))
    for side in tmp_path.glob("made_*"):
        side.rename(side.with_name(side.name.replace("made", "MADE")))
    assert type(read(loud)) is type(read(make_file(name, tmp_path)))
