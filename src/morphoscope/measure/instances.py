r"""
How well found particles agree with marked ones: overlap of areas, and of one particle with one.

.. math:: \mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|}, \qquad F_1 = \frac{2\,TP}{2\,TP + FP + FN}

Area IoU treats all particles as one region. A found and a marked particle match where their IoU exceeds a
threshold of at least one half, so that no particle can match twice [1]_; the mean IoU runs over marked
particles, each with the found one that overlaps it best.

References
----------
.. [1] A. Kirillov et al., CVPR 2019, p. 9404, doi 10.1109/CVPR.2019.00963.

Checked against: label maps shifted, merged and dropped by hand, in tests/measure/test_instances.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True, eq=False)
class Agreement:
    """``pairs`` (found label, true label, IoU) are the matches above the threshold."""

    area_iou: float
    mean_iou: float
    f1: float
    found: int
    true: int
    pairs: tuple[tuple[int, int, float], ...]


def agreement(found: np.ndarray, true: np.ndarray, *, at_iou: float = 0.5) -> Agreement:
    """Compare two label maps of the same size; 0 is ground in both."""
    if found.shape != true.shape:
        raise InputError(f"label maps of {found.shape} and {true.shape} cannot be compared; give them the same size")
    names_a, a = np.unique(np.append(found.ravel(), 0), return_inverse=True)
    names_b, b = np.unique(np.append(true.ravel(), 0), return_inverse=True)
    table = np.bincount(a[:-1] * len(names_b) + b[:-1], minlength=len(names_a) * len(names_b)).reshape(len(names_a), -1)
    keep_a, keep_b = names_a != 0, names_b != 0
    both = table[np.ix_(keep_a, keep_b)]
    union = table.sum(1)[keep_a][:, None] + table.sum(0)[keep_b][None] - both
    iou = both / np.maximum(union, 1)
    either = table.sum() - table[~keep_a][:, ~keep_b].sum()
    rows, cols = np.nonzero(iou > at_iou)
    pairs = tuple((int(names_a[keep_a][i]), int(names_b[keep_b][j]), float(iou[i, j])) for i, j in zip(rows, cols, strict=True))
    total = both.shape[0] + both.shape[1]
    return Agreement(
        area_iou=float(both.sum() / either) if either else 1.0,
        mean_iou=float(iou.max(axis=0).mean()) if iou.size else float(total == 0),
        f1=2 * len(pairs) / total if total else 1.0,
        found=both.shape[0],
        true=both.shape[1],
        pairs=pairs,
    )
