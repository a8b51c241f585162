import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.sar import radiometry, speckle, spectrum, whitening

SIZE = 256
IW = 1.8 / 256  # Drift of Sentinel-1, cycles per pixel and line.


def transfer(band=(0.7, 0.8), alpha=(0.54, 0.75), centroid=(0.4, -0.2), drift=0.0):
    rows, cols = (
        speckle.response(SIZE, jnp.float32(width), jnp.float32(weight))
        for width, weight in zip(band, alpha, strict=True)
    )
    return speckle.Transfer(rows, cols, jnp.array(centroid), jnp.float32(drift))


def known(seen):
    """Returns a whitener for a transfer function, whose edges no estimate shows."""
    taps = [
        whitening.filters(radiometry.power(axis)) for axis in (seen.rows, seen.cols)
    ]
    moves = jnp.array([seen.drift != 0, False])
    return whitening.Whitener(jnp.stack(taps), seen.centroid, moves)


def flat(seen, seed=0):
    """Returns speckle of flat ground behind a transfer function, [H, W]."""
    noise = jax.random.normal(jax.random.key(seed), (2, SIZE, SIZE))
    samples = jax.lax.complex(*noise) * np.float32(0.5**0.5)
    response = seen.rows[:, None] * seen.cols
    focused = jnp.fft.ifft2(jnp.fft.fft2(samples) * response)
    return focused * speckle.modulation((SIZE, SIZE), seen.centroid, seen.drift)


def whiten(slc, whitener):
    batch = jax.tree.map(lambda known: jnp.asarray(known)[None], whitener)
    return whitening.whiten(jnp.asarray(slc)[None, ..., None], batch)[0, ..., 0]


def independent(slc) -> float:
    """Returns the independent samples of a pixel: one over the sum of |rho|^2."""
    power = np.abs(np.fft.fft2(radiometry.intensity(np.asarray(slc)))) ** 2
    covariance = np.fft.ifft2(power).real
    # The mean, the lag of 0, holds the square of the mean intensity.
    covariance -= radiometry.intensity(np.asarray(slc)).mean() ** 2 * covariance.size
    near = np.arange(-6, 7)
    return float(covariance[0, 0] / covariance[np.ix_(near, near)].sum())


@pytest.mark.parametrize("seed", range(3))
def test_wide_flat_band_that_few_parts_show_has_one_centroid(seed):
    slc = np.asarray(flat(transfer((0.95, 0.95), (1, 1), (0.31, 0.31)), seed))
    parts = [slc[row : row + 64] for row in range(0, SIZE, 64)]
    found = spectrum.whitener(parts)
    assert not found.moves.any()
    np.testing.assert_allclose(found.centroid, 0.31, atol=0.05)


def test_centroid_that_a_network_is_told_is_that_of_the_middle():
    drift = 0.02 / SIZE
    seen = transfer(drift=drift)
    images = speckle.observe(
        jax.random.key(0), jnp.ones((SIZE, SIZE)), jnp.zeros((SIZE, SIZE)), seen
    )
    told = speckle.observed(images, seen).whitener
    found = spectrum.whitener([np.asarray(radiometry.slc(*images[:2]))])
    assert not np.any(told.moves)
    np.testing.assert_allclose(told.centroid, found.centroid, atol=5e-3)


@pytest.mark.parametrize("drift", [0.0, IW])
def test_nearly_as_many_samples_count_as_the_band_has_room_for(drift):
    seen = transfer(drift=drift)
    slc = flat(seen)
    whitener = spectrum.whitener([np.asarray(slc)])
    assert list(whitener.moves) == [drift != 0, False]
    white = whiten(slc, whitener)
    before, after = independent(slc), independent(white)
    # The band has room for 0.56 a pixel; the edges of a Hamming band are too faint.
    assert 1.1 * after > 0.8 * 0.56
    assert before < 0.65 * after < 0.56
    powers = [float(radiometry.intensity(z).mean()) for z in (slc, white)]
    assert powers[1] == pytest.approx(powers[0], rel=0.05)


def test_white_samples_stay_as_they_are():
    slc = flat(transfer(band=(1.0, 1.0), alpha=(1.0, 1.0)))
    for whitener in (
        whitening.nothing(),
        known(transfer((1.0, 1.0), (1.0, 1.0))),
    ):
        np.testing.assert_allclose(whiten(slc, whitener), slc, atol=1e-5)
    found = whiten(slc, spectrum.whitener([np.asarray(slc)]))
    assert np.abs(found - slc).std() < 0.1


def test_what_lies_out_of_the_band_stays_out():
    seen = transfer(band=(0.5, 0.5), centroid=(0.0, 0.0))
    row = np.arange(SIZE)[:, None]
    inside, outside = (
        jnp.asarray(np.exp(2j * np.pi * cycles * row) * np.ones(SIZE), jnp.complex64)
        for cycles in (0.0, 0.5)
    )
    whitener = known(seen)
    kept, lost = (
        np.abs(np.asarray(whiten(z, whitener)))[20:-20, 20:-20].mean()
        for z in (inside, outside)
    )
    assert lost < 0.3 * kept


@pytest.mark.parametrize("moves", [False, True])
def test_turned_and_mirrored_images_have_whiteners_of_their_own(moves):
    seen = transfer()
    slc = flat(seen)
    told = known(seen)._replace(moves=jnp.array([moves, False]))
    clean = radiometry.intensity(whiten(slc, told))
    inside = np.s_[16:-16, 16:-16]
    # A centroid that moves is found from other pixels, a mirrored one's from next to.
    least = 0.1 if moves else 1e-4
    for axis in (0, 1):
        other = whiten(jnp.flip(slc, axis), whitening.mirrored(told, axis))
        other = jnp.flip(radiometry.intensity(other), axis)
        assert np.abs(other - clean)[inside].mean() < least
    other = radiometry.intensity(whiten(slc.T, whitening.turned(told))).T
    assert np.abs(other - clean)[inside].mean() < least


@pytest.mark.parametrize("moves", [False, True])
def test_reach_bounds_what_a_sample_depends_on(moves):
    slc = np.array(flat(transfer()))[:64, :64]
    whitener = known(transfer())._replace(moves=np.array([moves, moves]))
    whole, reached = whiten(slc, whitener), 0
    for row in (32, 33):
        broken = slc.copy()
        broken[row, row] *= 50
        changed = np.abs(whiten(broken, whitener) - whole) > 0
        reached = max(reached, np.abs(np.argwhere(changed) - row).max())
    assert reached <= whitening.REACH
    assert not moves or reached == whitening.REACH


def test_an_image_is_whitened_as_alone_beside_one_whose_centroid_moves():
    steady, drifts = transfer(), transfer(drift=IW)
    slc = jnp.stack([flat(seen) for seen in (steady, drifts)])[..., None]
    told = jax.tree.map(lambda *of: jnp.stack(of), known(steady), known(drifts))
    both = whitening.whiten(slc, told)[..., 0]
    for found, image, seen in zip(both, slc, (steady, drifts), strict=True):
        alone = whiten(image[..., 0], known(seen))
        np.testing.assert_allclose(found, alone, atol=1e-5)


def test_a_centroid_that_differs_from_part_to_part_moves():
    parts = [
        np.asarray(flat(transfer(centroid=(along, 0.1)), seed=seed))[:64]
        for seed, along in enumerate((-0.3, 0.0, 0.2))
    ]
    found = spectrum.whitener(parts)
    assert list(found.moves) == [True, False]
    assert found.centroid[1] == pytest.approx(0.1, abs=0.01)


def test_parts_of_different_spectra_have_no_filter_in_common():
    slc = np.asarray(flat(transfer()))
    noise = np.asarray(flat(transfer(band=(1.0, 1.0), alpha=(1.0, 1.0))))
    assert spectrum.whitener([slc[:64], slc[64:128], noise[:64]]) is None
    assert spectrum.whitener([slc[:64], slc[64:128], slc[128:192]]) is not None


def test_parts_that_tell_nothing_tell_nothing():
    parts = [np.zeros((64, 64), np.complex64), np.ones((8, 400), np.complex64)]
    assert spectrum.whitener([]) is None
    assert spectrum.whitener(parts) is None


@pytest.mark.parametrize("drift", [0.4 / 256, IW])
def test_azimuth_may_lie_along_the_columns(drift):
    slc = np.asarray(flat(transfer(drift=drift))).T
    found = spectrum.whitener([slc[:64], slc[64:128], slc[128:192]])
    assert list(found.moves) == [False, True]
    assert independent(whiten(slc, found)) > 0.4 > 1.3 * independent(slc)


def test_ships_and_steps_do_not_change_the_power():
    seen = transfer(centroid=(0.0, 0.0))
    slc = np.array(flat(seen))
    uneven = slc.copy()
    uneven[:, 128:] *= 10
    ships = np.zeros((SIZE, SIZE), np.complex64)
    for place in ((10, 40), (70, 100), (71, 104), (200, 90)):
        ships[place] = 1e3
    uneven += np.asarray(speckle.refocus(jnp.asarray(ships), seen))
    white = whiten(slc, spectrum.whitener([uneven]))
    powers = [float(radiometry.intensity(z).mean()) for z in (slc, white)]
    assert powers[1] == pytest.approx(powers[0], rel=0.03)
    assert independent(white) > 1.5 * independent(slc)


def test_a_drawn_image_tells_the_device_what_it_tells_the_host():
    seen = transfer(alpha=(0.54, 0.9))
    ones = jnp.ones((SIZE, SIZE))
    images = speckle.observe(jax.random.key(0), ones, 0 * ones, seen)
    drawn = speckle.observed(images, seen)
    slc = np.asarray(radiometry.slc(drawn.intensity, drawn.phase))
    found = spectrum.whitener([slc])
    np.testing.assert_allclose(drawn.whitener.taps, found.taps, atol=0.05)
    assert np.abs(found.taps[0] - found.taps[1]).max() > 0.1
    assert list(drawn.whitener.moves) == list(found.moves) == [False, False]


@pytest.mark.parametrize(("drift", "moves"), [(0.1 / SIZE, True), (0.03 / SIZE, False)])
def test_a_slow_drift_is_none(drift, moves):
    images = (jnp.ones((SIZE, SIZE)),) * 3
    drawn = speckle.observed(images, transfer(drift=drift))
    assert list(drawn.whitener.moves) == [moves, False]


def test_too_small_a_grid_shows_no_spectrum():
    images = (jnp.ones((48, 48)),) * 3
    drawn = speckle.observed(images, transfer())
    np.testing.assert_array_equal(drawn.whitener.taps, whitening.nothing().taps)


@pytest.mark.parametrize("scale", [1e-15, 1e17])
def test_the_scale_and_a_tone_do_not_matter(scale):
    slc = np.asarray(flat(transfer()))
    tone = np.exp(2j * np.pi * (0.4 * np.arange(SIZE)[:, None] - 0.2 * np.arange(SIZE)))
    clean = spectrum.whitener([slc])
    found = spectrum.whitener([np.complex64(scale) * (slc + 0.5 * tone)])
    for white in (whiten(slc, clean), whiten(slc, found)):
        assert independent(white) > 0.37


@pytest.mark.parametrize("moves", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("axis", [0, 1])
def test_mirrored_samples_have_the_centroid_of_their_new_place(moves, axis):
    told = whitening.nothing()._replace(
        centroid=np.array([0.2, -0.3]), moves=np.array(moves)
    )
    row, col = np.mgrid[:32, :16] if axis == 0 else np.mgrid[:16, :32]
    slc = np.exp(2j * np.pi * (0.2 * row - 0.3 * col)).astype(np.complex64)
    along, others = (row, col) if axis == 0 else (col, row)
    behind = np.s_[16:] if axis == 0 else np.s_[:, 16:]
    steps = (2 * along - 31)[behind]
    made = whitening.carried(
        np.flip(slc, axis)[behind], axis, steps, others[behind], told
    )
    # Up to one phase of all.
    turn = made / slc[behind]
    np.testing.assert_allclose(turn, turn[0, 0], atol=1e-4)


def test_a_bright_point_does_not_tell_the_centroid_of_the_samples_around():
    row = np.arange(64)[:, None] + np.zeros((64, 64))
    slc = np.exp(2j * np.pi * 0.2 * row)
    slc[30:32, 30] = 30 * np.exp(-2j * np.pi * 0.3 * row[30:32, 30])
    parts = (jnp.asarray(part[None], jnp.float32) for part in (slc.real, slc.imag))
    whitener = whitening.nothing()._replace(moves=jnp.array([True, True]))
    batch = jax.tree.map(lambda known: jnp.asarray(known)[None], whitener)
    around = (whitening.AROUND, whitening.AROUND)
    real, imag = whitening._turns(tuple(parts), 0, around, batch)
    centroid = np.angle(real + 1j * imag) / (2 * np.pi)
    # A product of 900 counts as 30 among the 200 of 1 around it.
    np.testing.assert_allclose(centroid[0, 8:24, 8:24], 0.2, atol=0.02)
