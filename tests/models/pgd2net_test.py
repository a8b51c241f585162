import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.models import attention, blocks, exchange
from pgd2jax.sar import radiometry, whitening


@pytest.fixture(scope="module")
def apply(network):
    model, params = network
    return jax.jit(lambda *images: model.apply({"params": params}, *images))


def speckle(shape, seed=0):
    rng = np.random.default_rng(seed)
    intensity = rng.exponential(size=shape).astype(np.float32)
    return intensity, rng.uniform(-np.pi, np.pi, shape).astype(np.float32)


def test_space_to_depth_is_undone_by_depth_to_space(rng):
    image = jnp.asarray(rng.normal(size=(2, 6, 8, 3)))
    np.testing.assert_array_equal(
        blocks.depth_to_space(blocks.space_to_depth(image)), image
    )


def test_estimate_is_finite_positive_and_as_large_as_the_image(apply):
    estimate = apply(*speckle((2, 32, 48, 1)))
    assert estimate.intensity.shape == (2, 32, 48, 1)
    assert estimate.log_speckle.shape == (2, 32, 48, 1)
    assert np.isfinite(estimate.log_intensity).all()
    assert estimate.intensity.min() > 0


def test_untrained_network_returns_its_input(network):
    model, _ = network
    images = speckle((1, 32, 32, 1))
    params = jax.jit(model.init)(jax.random.key(0), *images)
    np.testing.assert_allclose(
        model.apply(params, *images).intensity, images[0], rtol=1e-4
    )


def test_samples_equal_their_intensity_and_phase(network, apply):
    model, params = network
    intensity, phase = speckle((1, 32, 32, 1))
    slc = radiometry.slc(intensity, phase)
    from_slc = model.apply({"params": params}, intensity, slc=slc)
    np.testing.assert_allclose(
        from_slc.log_intensity, apply(intensity, phase).log_intensity, atol=1e-5
    )
    with pytest.raises(ValueError, match="either phase or slc"):
        model.apply({"params": params}, intensity, phase, slc=slc)
    with pytest.raises(ValueError, match="slc: image"):
        model.apply({"params": params}, intensity, slc=slc[..., 0])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_products_of_float32_keep_all_bits_on_every_device(network, dtype):
    model, params = network
    apply = jax.jit(model.clone(dtype=dtype).apply)
    lowered = apply.lower({"params": params}, *speckle((1, 32, 32, 1))).as_text()
    products = [
        line
        for line in lowered.splitlines()
        if "stablehlo.dot_general" in line or "stablehlo.convolution" in line
    ]
    assert len(products) > 20
    exact = ["HIGHEST" in line for line in products]
    assert all(exact) if dtype == "float32" else not any(exact)


def test_masked_phase_equals_no_phase_in_a_mixed_batch(apply):
    intensity, phase = speckle((2, 32, 32, 1))
    mixed = apply(intensity, phase, jnp.array([True, False]))
    without, with_phase = apply(intensity), apply(intensity, phase)
    np.testing.assert_allclose(
        mixed.log_intensity[1], without.log_intensity[1], atol=1e-5
    )
    np.testing.assert_allclose(
        mixed.log_intensity[0], with_phase.log_intensity[0], atol=1e-5
    )
    assert np.abs(without.log_intensity - with_phase.log_intensity).max() > 1e-3


def test_told_looks_change_the_estimate(apply):
    intensity, _ = speckle((2, 32, 32, 1))
    told = apply(intensity, None, None, jnp.array([1.0, 8.0]))
    alone = apply(intensity)
    np.testing.assert_allclose(told.log_intensity[0], alone.log_intensity[0], atol=1e-5)
    assert np.abs(told.log_intensity[1] - alone.log_intensity[1]).max() > 1e-3


def test_sub_looks_share_the_spectrum_out():
    # White samples: powers of filters that overlap in the spectrum would correlate.
    parts = jax.random.normal(jax.random.key(0), (2, 1, 256, 256, 1))
    slc = jax.lax.complex(*parts)
    layer = blocks.SubLooks(filters=8, size=8)
    looks = layer.apply(layer.init(jax.random.key(1), slc), slc)
    assert looks.shape == (1, 128, 128, 9)
    correlation = np.corrcoef(np.asarray(looks)[..., :8].reshape(-1, 8).T)
    assert np.abs(correlation - np.eye(8)).max() < 0.25


def test_sub_looks_outside_of_the_band_hold_a_hundredth_and_the_level_stands_apart():
    layer = blocks.SubLooks(filters=8, size=8)
    row, col = np.mgrid[:64, :64]
    # One frequency, that of the first filter at the start of training.
    cycles = row / 1.324718 + col / 1.324718**2
    slc = jnp.asarray(np.exp(2j * np.pi * cycles), jnp.complex64)[None, ..., None]
    params = layer.init(jax.random.key(1), slc)
    looks, brighter = (
        np.asarray(layer.apply(params, gain * slc))[0, 8:-8, 8:-8] for gain in (1, 10)
    )
    np.testing.assert_allclose(looks[..., 0], np.log(8), atol=0.1)
    assert looks[..., 1:8].min() == pytest.approx(np.log(0.01), abs=0.2)
    assert looks[..., 1:8].max() < 0
    np.testing.assert_allclose(brighter[..., :8], looks[..., :8], atol=1e-3)
    np.testing.assert_allclose(brighter[..., 8] - looks[..., 8], np.log(100), atol=1e-3)


def test_whitened_sub_looks_are_compared_with_their_mean_around():
    parts = jax.random.normal(jax.random.key(0), (2, 1, 32, 32, 1))
    slc = jax.lax.complex(*parts)
    layer = blocks.SubLooks(filters=2, size=4)
    params = layer.init(jax.random.key(1), slc)
    plain = np.asarray(layer.apply(params, slc))
    whitened = np.asarray(layer.clone(whiten=True).apply(params, slc))
    for row, col in ((8, 8), (0, 0), (15, 6)):  # In the middle, in a corner, at a side.
        around = plain[0, max(row - 3, 0) : row + 4, max(col - 3, 0) : col + 4, :2]
        np.testing.assert_allclose(
            whitened[0, row, col, :2],
            plain[0, row, col, :2] - around.mean(axis=(0, 1)),
            atol=1e-5,
        )
    np.testing.assert_array_equal(whitened[..., 2], plain[..., 2])


def test_whitening_takes_the_band_of_the_sensor_out():
    noise = jax.random.normal(jax.random.key(0), (2, 128, 128))
    band = jnp.where(jnp.abs(jnp.fft.fftfreq(128)) <= 0.3, 1.0, 0.0)
    spectrum = jnp.fft.fft2(jax.lax.complex(*noise)) * band[:, None] * band
    slc = jnp.fft.ifft2(spectrum)[None, ..., None]
    layer = blocks.SubLooks(filters=8, size=4)
    params = layer.init(jax.random.key(1), slc)
    plain, whitened = (
        np.asarray(layer.clone(whiten=whiten).apply(params, slc))[..., :8]
        for whiten in (False, True)
    )
    assert np.ptp(plain.mean(axis=(0, 1, 2))) > 1
    np.testing.assert_allclose(whitened.mean(axis=(0, 1, 2)), 0, atol=0.01)
    # What is left is the speckle of each.
    assert (whitened.std(axis=(0, 1, 2)) > 0.8 * plain.std(axis=(0, 1, 2))).all()


def test_a_constant_phase_offset_changes_nothing(apply):
    intensity, phase = speckle((1, 32, 32, 1))
    turned = apply(intensity, phase + 1.0)
    np.testing.assert_allclose(
        turned.log_intensity, apply(intensity, phase).log_intensity, atol=1e-3
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exchange": "overlapping"},
        {"exchange": "fusion"},
        {"phase_as": "white_samples"},
        {"phase_as": "white_samples", "sub_looks": 0},
    ],
)
def test_reach_is_what_nan_propagation_measures(network, changes):
    model, params = network
    if changes:
        model = model.clone(**changes)
        image = np.ones((1, model.stride, model.stride, 1), np.float32)
        params = jax.jit(model.init)(jax.random.key(0), image, image)["params"]
        params = jax.tree.map(lambda x: x + 0.05, params)  # Heads start at zero.
    whitener = jax.tree.map(lambda known: known[None], whitening.nothing())
    whitener = whitener._replace(taps=whitener.taps + 0.1, moves=~whitener.moves)
    apply = jax.jit(
        lambda *images: model.apply(
            {"params": params}, *images, None, None, None, whitener
        )
    )
    size = 2 * model.stride * -(-model.reach // model.stride) + model.stride
    intensity, phase = speckle((1, size, size, 1))
    reached = 0
    for row in range(size // 2, size // 2 + model.stride):
        broken = intensity.copy()
        broken[0, row, row] = np.nan
        lost = np.argwhere(~np.isfinite(apply(broken, phase).log_intensity[0, ..., 0]))
        reached = max(reached, np.abs(lost - row).max())
    assert reached <= model.reach
    assert reached >= model.reach - 2  # The bound is tight.


@pytest.mark.parametrize(
    ("phase_as", "sub_looks"),
    [
        ("white_samples", 2),
        ("white_samples", 0),
        ("sub_looks", 2),
        ("angle", 2),
        ("none", 2),
    ],
)
def test_phase_goes_in_as_it_is_told_or_never(network, phase_as, sub_looks):
    model = network[0].clone(phase_as=phase_as, sub_looks=sub_looks)
    intensity, phase = speckle((1, 32, 32, 1))
    params = jax.jit(model.init)(jax.random.key(0), intensity, phase)["params"]
    params = jax.tree.map(lambda x: x + 0.05, params)  # Heads start at zero.
    whitener = jax.tree.map(lambda known: known[None], whitening.nothing())
    whitener = whitener._replace(taps=whitener.taps + 0.1)
    with_phase, without = (
        model.apply(
            {"params": params}, intensity, given, whitener=whitener
        ).log_intensity
        for given in (phase, None)
    )
    changed = np.abs(with_phase - without).max()
    assert changed == 0 if phase_as == "none" else changed > 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phase_as": "colour"}, "white_samples, whitened, sub_looks, angle, none"),
        ({"sub_looks": 0}, "sub_looks=0 must be 1 or more"),
        ({"phase_as": "white_samples", "sub_looks": -1}, "must be 0 or more"),
        ({"sub_look_size": 5}, "even"),
        ({"heads": 3}, "must divide by"),
    ],
)
def test_attributes_that_do_not_fit_are_named(network, changes, message):
    with pytest.raises(ValueError, match=message):
        network[0].clone(**changes).init(jax.random.key(0), np.ones((1, 32, 32, 1)))


def test_samples_that_are_to_be_white_need_a_whitener(network):
    model = network[0].clone(phase_as="white_samples")
    images = speckle((1, 32, 32, 1))
    params = jax.jit(model.init)(jax.random.key(0), *images)
    with pytest.raises(ValueError, match="give their whitener"):
        model.apply(params, *images)
    assert model.apply(params, images[0]).intensity.shape == (1, 32, 32, 1)


def test_looks_of_another_batch_are_refused(network):
    model, params = network
    with pytest.raises(ValueError, match="looks: "):
        model.apply({"params": params}, np.ones((2, 32, 32, 1)), None, None, np.ones(3))


def test_base_network_reaches_at_most_96_pixels():
    from configs import base
    from pgd2jax import configuration

    assert configuration.model(base.get_config().model, "float32").reach <= 96


def test_attention_gives_the_mean_of_values_when_all_keys_are_equal():
    layer = attention.CrossAttention(features=4, heads=2, window=2)
    x = jax.random.normal(jax.random.key(0), (1, 4, 4, 4))
    guide = jnp.ones((1, 4, 4, 4))
    params = layer.init(jax.random.key(1), x, guide)["params"]
    value = guide[0, 0, 0] @ params["value"]["kernel"] + params["value"]["bias"]
    expected = x + value @ params["out"]["kernel"] + params["out"]["bias"]
    np.testing.assert_allclose(
        layer.apply({"params": params}, x, guide), expected, atol=1e-5
    )


@pytest.mark.parametrize(("margin", "seen_from"), [(0, slice(4)), (2, slice(8))])
def test_attention_stays_within_its_window_and_margin(margin, seen_from):
    layer = attention.CrossAttention(features=4, heads=1, window=4, margin=margin)
    x = jax.random.normal(jax.random.key(0), (1, 8, 8, 4))
    params = layer.init(jax.random.key(1), x, x)
    # Row 2 lies in the margin of the lower windows, column 6 in no other's.
    broken = layer.apply(params, x, x.at[0, 2, 6].set(jnp.nan))
    lost = ~np.isfinite(np.asarray(broken)).all(-1)[0]
    expected = np.zeros((8, 8), bool)
    expected[seen_from, 4:] = True
    np.testing.assert_array_equal(lost, expected)


@pytest.mark.parametrize("margin", [0, 2])
@pytest.mark.parametrize("offset", [(0, 0), (1, -1)])
def test_position_bias_finds_the_pixel_at_its_offset(margin, offset):
    layer = attention.CrossAttention(features=4, heads=1, window=4, margin=margin)
    x, guide = jax.random.normal(jax.random.key(0), (2, 1, 8, 8, 4))
    params = layer.init(jax.random.key(1), x, guide)["params"]
    # The bias of keys that lie `offset` below and right of the pixel that asks.
    span = 2 * (4 + margin) - 1
    row, col = (4 + margin - 1 - shift for shift in offset)
    params["bias"] = params["bias"].at[row * span + col].set(100.0)
    value = guide @ params["value"]["kernel"] + params["value"]["bias"]
    out = params["out"]
    found = np.roll(value, [-shift for shift in offset], axis=(1, 2))
    expected = x + found @ out["kernel"] + out["bias"]
    inner = np.s_[0, 1:3, 1:3]  # Pixels whose neighbours lie in the same window.
    np.testing.assert_allclose(
        layer.apply({"params": params}, x, guide)[inner], expected[inner], atol=1e-5
    )


@pytest.mark.parametrize("name", exchange.EXCHANGES)
def test_every_exchange_brings_the_guide_in(name):
    layer = exchange.create(
        name, features=4, heads=1, window=4, dtype="float32", name="exchange"
    )
    x, guide = jax.random.normal(jax.random.key(0), (2, 1, 8, 8, 4))
    params = layer.init(jax.random.key(1), x, guide)
    first, second = (layer.apply(params, x, g) for g in (guide, 2 + guide))
    assert first.shape == x.shape
    assert np.abs(first - second).max() > 1e-3


def test_unknown_exchange_is_refused():
    with pytest.raises(ValueError, match="windows, overlapping"):
        exchange.create(
            "talk", features=4, heads=1, window=4, dtype="float32", name="exchange"
        )


def test_bfloat16_computation_keeps_float32_parameters_and_results(network):
    model, params = network
    images = speckle((1, 32, 32, 1))
    half = model.clone(dtype="bfloat16").apply({"params": params}, *images)
    full = model.apply({"params": params}, *images)
    assert half.log_intensity.dtype == jnp.float32
    assert np.abs(half.log_intensity - full.log_intensity).mean() < 0.05


@pytest.mark.parametrize(
    ("shape", "phase_shape", "message"),
    [
        ((32, 32, 1), (32, 32, 1), r"\[B, H, W, 1\]"),
        ((1, 32, 40, 1), (1, 32, 40, 1), "divide by"),
        ((1, 32, 32, 1), (1, 16, 32, 1), "must be"),
    ],
)
def test_wrong_shapes_are_named(network, shape, phase_shape, message):
    model, params = network
    with pytest.raises(ValueError, match=message):
        model.apply({"params": params}, np.ones(shape), np.ones(phase_shape))


def test_gradient_is_the_same_with_activations_computed_again(network):
    model, params = network
    images = speckle((1, 16, 16, 1))

    def loss(params, remat):
        estimate = model.clone(remat=remat).apply({"params": params}, *images)
        return (estimate.log_intensity**2).mean()

    gradient = jax.jit(jax.grad(loss), static_argnums=1)
    kept, again = gradient(params, False), gradient(params, True)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), kept, again)
    assert max(np.abs(x).max() for x in jax.tree.leaves(kept)) > 0.01

    def saved(remat):
        backward = jax.eval_shape(
            lambda p: jax.vjp(lambda p: loss(p, remat), p)[1], params
        )
        return sum(x.size for x in jax.tree.leaves(backward))

    weights = sum(x.size for x in jax.tree.leaves(params))
    assert saved(True) - weights < 0.75 * (saved(False) - weights)


def test_configuration_that_was_json_makes_a_network_that_hashes(network):
    model, _ = network
    again = model.clone(denoise_depth=list(model.denoise_depth))
    assert again == model
    assert hash(again) == hash(model)
