"""
torchvision and timm, ready to use: import them from here and nowhere else.

The torchvision of the package index is built for CUDA. Beside a CPU torch its compiled part does not load, and the
import ends with "operator torchvision::nms does not exist". Only that operator's declaration is missing, and no network
here uses it; so it is declared, and the import done again.

Checked against: the three networks of the paper and a forward pass, in tests/learn/test_backbones.py.
"""

from __future__ import annotations

import sys

from ..errors import MissingDependency

try:
    import torch
except ImportError:
    raise MissingDependency("torch", "learn", "use networks") from None

try:
    import torchvision
except ImportError:
    raise MissingDependency("torchvision", "learn", "use networks") from None
except RuntimeError as error:
    if "torchvision::nms does not exist" not in str(error):
        raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    DECLARED = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # lives as long as the process
    for operator in ("nms", "qnms"):
        DECLARED.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    import torchvision

try:
    import timm
except ImportError:
    raise MissingDependency("timm", "learn", "use networks") from None

__all__ = ["timm", "torchvision"]
