r"""
Evidence stretched by one factor, so that probabilities are as often right as they say.

A penalised regression answers too timidly. With the held-out evidence :math:`e_{ik}` of image i for class k the factor
:math:`\beta` minimises the smoothed log loss [1]_

.. math:: -\sum_i ( (1 - \epsilon) \log p_{i c_i} + \frac{\epsilon}{K - 1} \sum_{k \ne c_i} \log p_{ik} ),
          \qquad p_{ik} \propto e^{\beta e_{ik}}, \qquad \epsilon = \frac{1}{n + 2}

where the smoothing keeps the factor finite when every answer is right. Ranks and answers stay as they are.

References
----------
.. [1] C. Guo et al., ICML (2017), arXiv 1706.04599; smoothing after J. Platt (1999).

Checked against: evidence that was shrunk by a known factor, in tests/learn/test_temperature.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

RANGE = (0.2, 10.0)


def factor(code: np.ndarray, evidence: np.ndarray) -> float:
    """The factor for ``evidence`` (a row an image, a column a class) whose true classes are ``code``."""
    count, classes = evidence.shape
    slip = 1 / (count + 2)
    wanted = np.full(evidence.shape, slip / max(1, classes - 1))
    wanted[np.arange(count), code] = 1 - slip

    def loss(log_factor: float) -> float:
        return float(-(wanted * special.log_softmax(np.exp(log_factor) * evidence, axis=1)).sum())

    return float(np.exp(optimize.minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded").x))


def stretched(
    code: np.ndarray, evidence: Sequence[np.ndarray], cuts: Sequence[tuple[int, np.ndarray, np.ndarray]]
) -> list[np.ndarray]:
    """Held-out ``evidence`` of each repeat, each test part stretched by the factor of the other parts of its repeat."""
    found = [one.copy() for one in evidence]
    for repeat, train, test in cuts:
        found[repeat][test] = factor(code[train], evidence[repeat][train]) * evidence[repeat][test]
    return found
