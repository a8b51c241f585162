import numpy as np
import pytest
from PIL import Image

from pgd2jax.evaluation import statistics
from pgd2jax.report import figures


@pytest.fixture
def images(rng):
    names = ("noisy", "lee", "frost", "kuan", "reference")
    return {name: rng.exponential(size=(24, 32)) for name in names}


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_every_figure_is_written_in_every_format(suffix, tmp_path, images, make):
    rows = make(scenes=4).rows
    found = statistics.differences(rows, "pgd2net", ["rmse"])
    scalars = tmp_path / "scalars.csv"
    scalars.write_text("step,name,value\n1,train/loss,2\n1,validation/rmse,3\n")
    draw = {
        "gallery": lambda path: figures.gallery(path, images),
        "profile": lambda path: figures.profile(path, images, 5, slice(4, 20)),
        "spread": lambda path: figures.distributions(path, rows, "rmse"),
        "difference": lambda path: figures.differences(path, found, "rmse", "pgd2net"),
        "time": lambda path: figures.trade_off(path, statistics.summary(rows)),
        "training": lambda path: figures.training(path, scalars),
    }
    for name, function in draw.items():
        path = tmp_path / f"{name}{suffix}"
        function(path)
        head = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
        assert path.read_bytes().startswith(head)


def test_gallery_has_a_row_for_every_four_images(tmp_path, images):
    figures.gallery(tmp_path / "five.png", images)
    images.pop("kuan")
    figures.gallery(tmp_path / "four.png", images)
    sizes = []
    for name in ("five", "four"):
        with Image.open(tmp_path / f"{name}.png") as image:
            sizes.append(image.size)
    five, four = sizes
    assert five[0] == pytest.approx(four[0], abs=80)
    assert five[1] > 1.5 * four[1]


def test_what_cannot_be_drawn_is_told(tmp_path, images, make):
    rows = make().rows
    with pytest.raises(ValueError, match=r"must end in \.pdf, \.png or \.svg"):
        figures.gallery(tmp_path / "x.jpg", images)
    with pytest.raises(ValueError, match="row=99 must lie in"):
        figures.profile(tmp_path / "x.png", images, 99)
    with pytest.raises(ValueError, match="measure='gain'"):
        figures.distributions(tmp_path / "x.png", rows, "gain")
    with pytest.raises(ValueError, match="measure='gain'"):
        figures.differences(tmp_path / "x.png", {}, "gain", "pgd2net")
    with pytest.raises(ValueError, match="measure='gain'"):
        figures.trade_off(tmp_path / "x.png", statistics.summary(rows), "gain")
    empty = tmp_path / "scalars.csv"
    empty.write_text("step,name,value\n")
    with pytest.raises(ValueError, match="neither a loss"):
        figures.training(tmp_path / "x.png", empty)
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (1, 1)])
def test_odd_shapes_are_drawn(shape, tmp_path):
    image = np.ones(shape)
    figures.gallery(tmp_path / "x.png", {"a": image, "b": image})
    figures.comparison(tmp_path / "x.png", image, image)


def test_profile_without_power_is_drawn(tmp_path):
    figures.profile(tmp_path / "x.png", {"none": np.zeros((4, 4))}, 0)
    assert (tmp_path / "x.png").exists()


def test_distances_from_the_best_are_not_called_the_measure(tmp_path, make):
    found = statistics.differences(make().rows, "pgd2net", ["bias"])
    figures.differences(tmp_path / "x.svg", found, "bias", "pgd2net")
    assert "abs. bias, dB ↓, less pgd2net" in (tmp_path / "x.svg").read_text()
