import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.sar import radiometry, respeckle, speckle

SHAPE = (128, 128)


def transfer(bandwidth, alpha=1.0, centroid=(0.0, 0.0), drift=0.0):
    return speckle.Transfer(
        rows=speckle.response(SHAPE[0], bandwidth, alpha),
        cols=speckle.response(SHAPE[1], bandwidth, alpha),
        centroid=jnp.array(centroid),
        drift=jnp.array(drift),
    )


def nothing():
    return jnp.zeros(SHAPE, jnp.complex64)


@pytest.mark.parametrize("looks", [1, 1.3, 2, 3.6, 4])
def test_flat_ground_has_mean_one_and_variance_one_over_looks(looks):
    observe = jax.jit(speckle.observe)
    power = np.concatenate(
        [
            observe(
                jax.random.key(i), jnp.ones(SHAPE), nothing(), transfer(1.0), looks
            )[0]
            for i in range(4)
        ]
    )
    assert power.mean() == pytest.approx(1, abs=0.02)
    assert power.var() == pytest.approx(1 / looks, rel=0.05)


def test_autocorrelation_follows_the_transfer_function():
    # A flat band of half the sampling rate: neighbours correlate by sinc(1/2).
    key = jax.random.key(1)
    power, phase, _ = speckle.observe(key, jnp.ones(SHAPE), nothing(), transfer(0.5))
    slc = radiometry.slc(np.asarray(power), np.asarray(phase))
    measured = abs(np.mean(slc[1:] * slc[:-1].conj())) / np.mean(np.abs(slc) ** 2)
    assert measured == pytest.approx(np.sinc(0.5), abs=0.03)


def test_centroid_and_drift_turn_the_phase_and_leave_the_intensity():
    key = jax.random.key(2)
    plain = speckle.observe(key, jnp.ones(SHAPE), nothing(), transfer(0.6))
    moved = speckle.observe(
        key, jnp.ones(SHAPE), nothing(), transfer(0.6, centroid=(0.25, 0.1), drift=0.01)
    )
    np.testing.assert_allclose(plain[0], moved[0], rtol=1e-5)
    row, col = np.mgrid[: SHAPE[0], : SHAPE[1]]
    ramp = 2 * np.pi * (0.25 * row + 0.1 * col + 0.005 * row**2)
    error = np.exp(1j * (np.asarray(moved[1] - plain[1]) - ramp))
    np.testing.assert_allclose(error, 1, atol=2e-2)


def test_phase_of_long_bursts_is_exact():
    rows, centroid, drift = 10_000, np.float32([0.3, -0.5]), np.float32(4.5 / 256)
    made = speckle.modulation((rows, 3), jnp.asarray(centroid), jnp.asarray(drift))
    row, col = np.ogrid[:rows, :3]
    cycles = centroid[0] * np.float64(row) + 0.5 * np.float64(drift) * row**2
    expected = np.exp(2j * np.pi * (cycles + centroid[1] * col))
    np.testing.assert_allclose(made, expected, atol=1e-3)


def test_whole_cycles_of_a_centroid_are_none():
    near = speckle.modulation(SHAPE, jnp.float32([0.25, -0.5]), 0.01)
    far = speckle.modulation(SHAPE, jnp.float32([4.25, 0.5]), 0.01)
    np.testing.assert_allclose(near, far, atol=1e-5)


def test_reference_is_the_mean_of_many_draws(rng):
    ground = jnp.asarray(np.where(np.arange(SHAPE[1]) < 64, 1.0, 10.0), jnp.float32)
    ground = jnp.broadcast_to(ground, SHAPE)
    points = speckle.Points(
        row=jnp.array([40.3]), col=jnp.array([60.7]), amplitude=jnp.array([20.0 + 0j])
    )
    sensor = transfer(0.7, 0.75)
    focused = speckle.focus(points, sensor)
    draw = jax.jit(jax.vmap(lambda k: speckle.observe(k, ground, focused, sensor)))
    power, _, reference = draw(jax.random.split(jax.random.key(3), 400))
    ratio = np.asarray(power.mean(0) / reference[0])
    # 400 one-look draws: a standard deviation of 5 per cent a pixel.
    assert ratio.mean() == pytest.approx(1, abs=0.005)
    assert np.abs(ratio - 1).max() < 0.3


def test_point_has_its_peak_intensity_where_it_stands():
    points = speckle.Points(
        row=jnp.array([64.0]), col=jnp.array([32.0]), amplitude=jnp.array([0.0 + 3.0j])
    )
    focused = speckle.focus(points, transfer(0.6, 0.6))
    assert abs(focused[64, 32] - 3j) < 1e-4
    assert np.abs(focused).max() == pytest.approx(3, rel=1e-4)


def test_full_flat_band_keeps_a_point_on_the_grid_in_one_pixel():
    points = speckle.Points(
        row=jnp.array([10.0]), col=jnp.array([20.0]), amplitude=jnp.array([1.0 + 0j])
    )
    focused = np.abs(speckle.focus(points, transfer(1.0)))
    focused[10, 20] = 0
    assert focused.max() < 1e-5


def test_respeckling_keeps_a_persistent_point():
    reference = np.ones((64, 64), np.float32)
    reference[30, 30] = 1000.0
    drawn = respeckle.observe(jax.random.key(0), jnp.asarray(reference), True, 1)
    assert drawn.intensity[30, 30] == pytest.approx(1000, rel=0.15)
    assert drawn.reference[30, 30] == pytest.approx(1000, rel=0.01)
    others = np.asarray(drawn.intensity)[reference == 1]
    assert others.var() == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("seed", range(4))
def test_respeckling_a_blurred_point_keeps_its_peak(seed):
    points = speckle.Points(
        row=jnp.array([64.0]), col=jnp.array([64.0]), amplitude=jnp.array([30.0 + 0j])
    )
    focused = speckle.focus(points, transfer(0.5, 0.75))
    reference = 1 + radiometry.intensity(focused)
    drawn = respeckle.observe(jax.random.key(seed), reference, False, 1)
    assert drawn.reference.max() == pytest.approx(901, rel=0.02)


def test_respeckling_beside_a_very_bright_point_stays_finite():
    reference = jnp.full((64, 64), 1e-5).at[30, 30].set(3e3)
    drawn = respeckle.observe(jax.random.key(0), reference, True, 1)
    assert np.isfinite(drawn.intensity).all()
    assert np.isfinite(drawn.phase).all()


@pytest.mark.parametrize("white", [False, True])
def test_sensors_are_drawn_as_documented(white):
    keys = jax.random.split(jax.random.key(0), 2_000)
    drawn = jax.vmap(lambda key: speckle.draw_transfer(key, SHAPE, white))(keys)
    rows, cols = (
        (np.asarray(axis) > 0).mean(axis=1) for axis in (drawn.rows, drawn.cols)
    )
    if white:
        np.testing.assert_allclose(drawn.rows, 1, rtol=1e-5)
        np.testing.assert_allclose(drawn.cols, 1, rtol=1e-5)
    else:
        for band in (rows, cols):
            assert 0.38 < band.min() < 0.42
            assert band.max() > 0.98
            assert band.mean() == pytest.approx(0.7, abs=0.02)
        assert abs(np.corrcoef(rows, cols)[0, 1]) < 0.08
    assert (drawn.drift == 0).mean() == pytest.approx(0.5, abs=0.04)
    assert 4.5 / 256 < np.abs(drawn.drift).max() <= 5 / 256
    assert np.abs(drawn.centroid).max(axis=0) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("power", "persistent"), [(3.8, False), (4.2, True)])
def test_what_is_6_db_above_its_ring_is_persistent(power, persistent):
    reference = np.ones((128, 128), np.float32)
    reference[4::8, 4::8] = power
    reference[0, 0] = 0.1
    drawn = respeckle.observe(jax.random.key(0), jnp.asarray(reference), True, 1)
    found = np.asarray(drawn.intensity)[4::8, 4::8]
    # Speckle varies by its mean, a point of 3.2 over ground of 1 by less.
    expected = np.sqrt(1 + 2 * 3.2) / 4.2 if persistent else 1
    assert found.std() / found.mean() == pytest.approx(expected, abs=0.1)
