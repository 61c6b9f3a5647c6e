r"""
Edge strength of an 8-bit picture, as the miscibility paper takes it.

.. math:: v = \langle \mathrm{round}(\tfrac{1}{2} \min(|G_x|, 255) + \tfrac{1}{2} \min(|G_y|, 255)) \rangle

with the 3 x 3 Sobel gradients of the grey levels and mirrored borders. A blend is called miscible where v is below a threshold.

Checked against: the paper's counts on its open images, in tests/validation/test_sobel_rule.py.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def edge_strength(levels: np.ndarray) -> float:
    """Mean saturated Sobel gradient of 8-bit grey ``levels``, 0 to 255."""
    grey = levels.astype(np.int32)
    across, down = (np.minimum(np.abs(ndimage.sobel(grey, axis=axis, mode="mirror")), 255) for axis in (1, 0))
    return float(np.rint((across + down) / 2).mean())
