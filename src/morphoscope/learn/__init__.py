"""
Everything that is fitted to examples.

Modules load when they are first used: ``training`` brings scikit-learn, ``statistics`` torch, and using a fitted judge
neither.
"""

import lazy_loader  # type: ignore[import-untyped]  # it carries no types

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "curve_rivals",
        "curve_training",
        "fitting",
        "growing",
        "network",
        "network_maps",
        "pair_expected",
        "pair_generator",
        "pair_links",
        "pair_loop",
        "pair_paper",
        "pair_wanted",
        "pretraining",
        "rdf_network",
        "saliency",
        "statistics",
        "temperature",
        "training",
    },
)
