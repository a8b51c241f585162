import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.data import own, sources
from pgd2jax.sar import radiometry, scenes, speckle, whitening
from tests import safe

SIZES = {"mix": "", "data_dir": "", "crop": 32, "white": 0.5, "seed": 0}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Writes an SLC image of a narrow band and returns its path."""
    size = 640
    rows = speckle.response(size, np.float32(0.6), np.float32(0.7))
    transfer = speckle.Transfer(rows, rows, np.float32([0.3, 0.1]), np.float32(0.001))
    observe = jax.jit(scenes.through)
    seen = observe(*jax.random.split(jax.random.key(5)), transfer)
    slc = np.asarray(radiometry.slc(seen.intensity, seen.phase))
    path = tmp_path_factory.mktemp("own") / "image.npy"
    np.save(path, slc)
    return str(path)


def test_tiles_of_a_product_lie_within_its_bursts(tmp_path):
    height, width = 3 * own.GRID, 3 * own.GRID
    ramp = np.arange(2 * height)[:, None] + 1 + 0j * np.arange(width)
    valid = (20, height - 21, 30, width - 31)
    made = safe.Safe({"iw1-vv": ramp, "iw1-vh": 2 * ramp}, bursts=2, valid=valid)
    found = list(own.windows([str(made.write(tmp_path))], 4))
    assert len(found) == 4
    images = [window.tile.real[1, 0] - window.tile.real[0, 0] for window in found]
    assert sorted(images) == [1, 1, 2, 2]
    for window, image in zip(found, images, strict=True):
        first, last = (int(window.tile.real[end, 0] / image - 1) for end in (0, -1))
        assert last - first == own.GRID - 1
        assert valid[0] <= first % height < last % height <= valid[1]
        assert np.isfinite(window.tile).all()
        around = window.slc.real / image - 1
        assert np.nanmin(around) // height == np.nanmax(around) // height  # One burst.


def test_tiles_with_gaps_are_made_up_for_by_others(tmp_path):
    slc = np.ones((3 * own.GRID, 3 * own.GRID), np.complex64)
    slc[0] = slc[-1] = np.nan  # As bursts begin and end.
    np.save(tmp_path / "scene.npy", slc)
    assert len(list(own.windows([str(tmp_path / "scene.npy")], 3))) == 3


@pytest.mark.parametrize("nothing", [0, np.nan])
def test_images_in_an_empty_frame_have_tiles(tmp_path, nothing):
    slc = np.full((own.GRID + 41, 2 * own.GRID + 47), nothing, np.complex64)
    slc[20:-20, 13:-30] = 1
    slc[20:-20, own.GRID + 15] = np.nan  # A column is missing: one tile is left of it.
    np.save(tmp_path / "scene.npy", slc)
    (window, other) = own.windows([str(tmp_path / "scene.npy")], 9)
    assert np.all(window.tile == 1)
    assert np.all(other.tile == 1)


def mean(slc):
    """Stands for a network."""
    return np.full(slc.shape, radiometry.intensity(slc).mean(), np.float32)


@pytest.fixture(scope="module")
def speckled(image):
    return sources.create("slc", **SIZES, files=image, tiles=9, load=lambda: mean)


@pytest.fixture(scope="module")
def halved(image):
    return sources.create("merlin", **SIZES, files=image, tiles=9)


@pytest.fixture
def plain_scenes(monkeypatch):
    """Puts flat scenes in the place of drawn ones, which take long to compile."""

    def flat(size):
        image = jnp.ones((size, size))
        return speckle.Observation(
            image,
            0 * image,
            image,
            jnp.float32(1),
            jnp.asarray(False),
            whitening.nothing(),
        )

    def through(ground, noise, transfer):
        return flat(len(transfer.rows) - 2 * speckle.MARGIN)

    monkeypatch.setattr(scenes, "through", through)
    monkeypatch.setattr(scenes, "observe", lambda key, size, white, looks: flat(size))


def test_windows_are_spread_over_the_image_and_have_surroundings(image):
    found = list(own.windows([image], count=4))
    assert len(found) == 4
    for window in found:
        assert window.path == image
        assert window.tile.shape == (own.GRID, own.GRID)
        assert max(window.slc.shape) > own.GRID
    assert len(list(own.windows([image, image], count=2))) == 2


def test_half_of_the_pairs_are_speckle_over_the_estimate(speckled, plain_scenes):
    example = jax.tree.map(jnp.asarray, speckled.examples()[0])
    keys = jax.random.split(jax.random.key(0), 64)
    pairs = jax.device_get(jax.vmap(speckled.pair, (None, 0))(example, keys))
    assert pairs.intensity.shape == (64, 32, 32, 1)
    assert pairs.has_phase.all()
    ratio = pairs.intensity / pairs.reference
    scene = ratio.std(axis=(1, 2, 3)) < 1e-3
    assert 20 < scene.sum() < 44
    ratio = ratio[~scene]
    assert ratio.mean() == pytest.approx(1, abs=0.1)
    # One look.
    assert ratio.var() == pytest.approx(1, abs=0.25)


def test_some_tiles_are_held_out(speckled, halved, image, caplog):
    for source in (speckled, halved):
        for split in ("validation", "test"):
            held_out = source.held_out(split, 5)
            assert held_out.reference.shape == (1, own.SIZE, own.SIZE, 1)
    examples = halved.examples()
    trained = {examples[index]["halves"][0, 0, 0] for index in range(20)}
    assert len(trained) == 2  # Of four tiles.
    few = sources.create("merlin", **SIZES, files=image, tiles=1)
    assert "none are held out" in caplog.messages[-1]
    assert len(few.held_out("test", 5).reference) == 1


def test_either_half_is_the_input_and_the_other_the_reference(image):
    source = sources.create(
        "merlin", **SIZES | {"crop": own.GRID}, files=image, tiles=1
    )
    halves = source.examples()[0]["halves"]
    first = set()
    for index in range(8):
        pair = source.pair({"halves": jnp.asarray(halves)}, jax.random.key(index))
        assert not pair.has_phase
        assert not pair.phase.any()
        ratio = pair.intensity / pair.reference
        (order,) = (
            order
            for order in (1, -1)
            if np.allclose(
                ratio, (halves[..., :1] / halves[..., 1:]) ** order, rtol=0.01
            )
        )
        first.add(order)
    assert first == {1, -1}


def test_held_out_reference_of_halves_has_the_level_of_the_intensity(halved):
    pairs = halved.held_out("validation", 2)
    level = np.log(pairs.reference).mean()
    power = (pairs.intensity + pairs.reference / own.halves.LOG_MEAN).mean() / 2
    # The ground varies, so that its mean logarithm is below that of its mean.
    assert np.log(power) - 3 < level < np.log(power)


def save(tmp_path, array):
    path = tmp_path / "given.npy"
    np.save(path, array)
    return str(path)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones((400, 400), np.float32), "not complex"),
        (np.ones((400, 100), np.complex64), "must be at least"),
        (np.full((400, 400), np.nan + 0j, np.complex64), "without gaps"),
        (np.zeros((400, 400), np.complex64), "without gaps"),
    ],
)
@pytest.mark.parametrize("source", ["slc", "merlin"])
def test_images_that_do_not_serve_are_named(tmp_path, array, says, source):
    path = save(tmp_path, array)
    with pytest.raises(ValueError, match=rf"given\.npy.*{says}"):
        sources.create(source, **SIZES, files=path, tiles=4, load=lambda: mean)


@pytest.mark.parametrize(("lopsided", "refused"), [(0.3, False), (0.7, True)])
def test_halves_are_refused_if_most_tiles_are_lopsided(tmp_path, lopsided, refused):
    noise = np.random.default_rng(0).normal(size=(2, 1200, 300))
    slc = noise[0] + 1j * noise[1]
    rows = slice(0, int(lopsided * len(slc)))
    spectrum = np.fft.fft2(slc[rows])
    spectrum *= np.linspace(0, 5, 300)
    slc[rows] = np.fft.ifft2(spectrum)
    path = save(tmp_path, slc.astype(np.complex64))
    if refused:
        with pytest.raises(ValueError, match=r"given\.npy: the spectrum is not"):
            sources.create("merlin", **SIZES, files=path, tiles=4)
    else:
        assert sources.create("merlin", **SIZES, files=path, tiles=4).examples()


def test_files_and_weights_are_asked_for(image):
    with pytest.raises(ValueError, match=r"data\.files=a\.tif"):
        sources.create("slc", **SIZES, files=" , ", tiles=4, load=lambda: mean)
    with pytest.raises(ValueError, match="init_from=small"):
        sources.create("slc", **SIZES, files=image, tiles=4)
    mixed = SIZES | {"mix": "merlin=1, endless=1"}
    with pytest.raises(ValueError, match="merlin cannot be mixed"):
        sources.create("slc", **mixed, files=image, tiles=4)


def test_own_images_mix_with_endless_ones(image, plain_scenes):
    mixed = SIZES | {"mix": "slc=1, endless=1"}
    source = sources.create("", **mixed, files=image, tiles=9, load=lambda: mean)
    seen = {int(source.examples()[index]["source"]) for index in range(8)}
    assert seen == {0, 1}
    example = jax.tree.map(jnp.asarray, source.examples()[0])
    pair = jax.jit(source.pair)(example, jax.random.key(0))
    assert pair.intensity.shape == (32, 32, 1)
    assert len(source.held_out("validation", 2).looks) == 2


@pytest.mark.parametrize("source", ["slc", "merlin"])
def test_crops_larger_than_a_tile_are_refused(image, source):
    sizes = {**SIZES, "crop": 320}
    with pytest.raises(ValueError, match=r"data\.crop=320 must be at most"):
        sources.create(source, **sizes, files=image, tiles=9, load=lambda: mean)


def test_a_crop_has_the_centroid_of_its_first_row():
    rows = jnp.ones(64)
    example = {
        "rows": rows,
        "cols": rows,
        "centroid": jnp.array([0.1, 0.2]),
        "drift": jnp.float32(1e-3),
    }
    transfer = own._transfer(example, 100, 64)
    np.testing.assert_allclose(transfer.centroid, [0.1 + 100e-3, 0.2], atol=1e-6)
