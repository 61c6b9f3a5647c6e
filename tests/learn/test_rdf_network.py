"""The paper's network: pictures of distributions, six stages each way, resumed training."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch")

from morphoscope.learn import rdf_network  # noqa: E402

R = (np.arange(100) + 0.5) * 0.1


def curves(count=12):
    rng = np.random.default_rng(0)
    at, height = rng.uniform(2.5, 5, count), np.exp(rng.uniform(0.5, 5, count))
    return np.array([np.where(a - 0.4 > R, 0, 1 + h * np.exp(-(((R - a) / 0.3) ** 2))) for a, h in zip(at, height, strict=True)])


def test_a_picture_is_a_white_line_on_black():
    picture = rdf_network.picture(R, np.ones((1, 100)))[0]
    assert picture.shape == (64, 64)
    assert set(np.unique(picture)) == {0.0, 1.0}
    assert picture.sum(0).tolist() == [1] * 64
    level = round(np.log(1 / 1e-3) / np.log(300 / 1e-3) * 63)
    assert picture[level].all()


def test_peaks_are_read_back_to_one_row_of_pixels():
    g = curves()
    back = rdf_network.curve(R, rdf_network.picture(R, g))
    assert np.abs(np.log(back.max(1) / g.max(1))).max() < 0.2
    assert np.abs(R[back.argmax(1)] - R[g.argmax(1)]).max() < 0.25
    assert back[:, :15].max() == 0


def test_the_latent_space_has_the_papers_shape():
    network = rdf_network.Autoencoder()
    stages = [layer.out_channels for layer in network.encoder if isinstance(layer, torch.nn.Conv2d)]
    assert stages == [64, 32, 32, 16, 16, 8]
    stages = [layer.out_channels for layer in network.decoder if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert stages == [8, 16, 16, 32, 32, 64]
    pictures = rdf_network.picture(R, curves(3))
    latent = network.encode(pictures)
    assert latent.shape == (3, 8)
    assert network.decode(latent).shape == (3, 64, 64)
    assert rdf_network.Autoencoder(4, "dense").decode(np.zeros((2, 4))).shape == (2, 64, 64)


@pytest.mark.parametrize("kind", ["convolutional", "dense"])
def test_training_lowers_the_loss_and_resumes_where_it_stopped(kind):
    pictures = rdf_network.picture(R, curves(6))
    saved = []
    settings = {"epochs": 2, "seed": 3, "every": 1, "kind": kind, "latent": 4}
    whole = rdf_network.train(pictures[:4], pictures[4:], **settings, keep=lambda *given: saved.append(given))
    again = rdf_network.train(pictures[:4], pictures[4:], **settings, start=saved[0])
    assert len(saved) == 1
    assert saved[0][1] == {"epoch": 1}
    assert whole.loss[-1] < whole.loss[0]
    assert again.loss.tolist() == whole.loss.tolist()
    assert again.validation.tolist() == whole.validation.tolist()
    assert again.network.encode(pictures).tolist() == whole.network.encode(pictures).tolist()


def test_a_forest_as_arrays_answers_as_scikit_learns_does():
    from sklearn.ensemble import RandomForestRegressor

    from morphoscope.learn.curve_rivals import scaled_forest
    from morphoscope.learn.latent_forest import LatentForest

    rng = np.random.default_rng(2)
    x, new = rng.uniform(-3, 9, (70, 4)), rng.uniform(-4, 10, (50, 4))
    y = np.stack([x[:, 0] ** 2, np.sin(x[:, 1]), np.full(70, 5.0)], axis=1)
    low, span, height = x.min(0), np.ptp(x, axis=0), np.where(np.ptp(y, axis=0) > 0, np.ptp(y, axis=0), 1)
    theirs = RandomForestRegressor(7, random_state=3).fit((x - low) / span, (y - y.min(0)) / height)
    ours = scaled_forest(x, y, trees=7, seed=3)
    said = theirs.predict((new - low) / span) * height + y.min(0)
    assert ours(new) == pytest.approx(said, rel=1e-9, abs=1e-9)
    assert LatentForest.of(ours.arrays())(new) == pytest.approx(said, rel=1e-9, abs=1e-9)
