"""What gets no judgement is not explained as if it had one."""

from types import SimpleNamespace

import numpy as np
import pytest

from morphoscope.core import Micrograph
from morphoscope.measure import descriptors
from morphoscope.tasks.explanation import Found, Picture, report, told_of
from morphoscope.tasks.judges import judge_in, withheld


def test_why_an_image_is_withheld():
    judge = SimpleNamespace(limit=2.0)
    assert withheld(judge, 1.0, coloured=False) is None
    assert "unlike" in withheld(judge, 3.0, coloured=False)
    assert "colour" in withheld(judge, 1.0, coloured=True)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_empty_field_is_withheld_and_the_explanation_says_so(level):
    asked, blank = judge_in(None), Micrograph(np.full((96, 128), level, np.float32))
    view = descriptors.frame(blank)
    row = np.array([list(descriptors.describe_frame(view).values())])
    silent = withheld(asked.judge, float(asked.judge.novelty(row)[0]), coloured=False)
    found = Found(float(asked.judge.logits(row)[0]), np.zeros((8, 8)), {}, None, {}, ["words"])
    told = told_of(Picture("blank.png", blank, view), found, grade="Compatible", silent=silent)
    assert told.summary["abstained"]
    assert told.summary["grade"] is None
    made = report([told], [], {}, "some")
    assert made.title.startswith("blank.png: withheld")
    assert "not judged: unlike" in made.title
    assert made.tables["reasons"][0]["reason"].startswith("not judged")


def test_a_judged_image_is_not_called_withheld():
    blank = Micrograph(np.full((96, 128), 0.5, np.float32))
    found = Found(1.5, np.zeros((8, 8)), {}, None, {}, ["words"])
    told = told_of(Picture("one.png", blank, descriptors.frame(blank)), found, grade="Compatible", silent=None)
    assert told.summary["grade"] == "Compatible"
    assert report([told], [], {}, "some").title.startswith("one.png: miscible at logit +1.50")
