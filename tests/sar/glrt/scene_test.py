"""Whole multilooks against what is known of simulated ground."""

import numpy as np
import pytest

from pgd2jax.sar import glrt
from pgd2jax.sar.glrt import multilook, rules

SMALL = glrt.Rules(window=(7, 7))
DATES = 20


def lone(window):
    """Returns the correlation of white speckle."""
    correlation = np.zeros(window, np.float32)
    correlation[window[0] // 2, window[1] // 2] = 1
    return correlation


def white(rng, dates, rows, cols):
    return rng.exponential(size=(dates, rows, cols)).astype(np.float32)


def stack(samples, rules=SMALL, **options):
    options = {"looks": 1.0, "correlation": lone(rules.window)} | options
    return glrt.Stack(samples, rules=rules, **options)


def decibel(power):
    return 10 * np.log10(np.mean(power))


@pytest.fixture(scope="module")
def flat():
    """Returns a white stack of 20 dates and its multilook with a full window."""
    samples = white(np.random.default_rng(0), DATES, 256, 256)
    return samples, stack(samples, glrt.Rules()).multilook(2 * (slice(0, 256),))


@pytest.mark.parametrize("level", [0.05, 0.01])
@pytest.mark.parametrize("dates", [8, 20])
def test_first_test_rejects_its_level(rng, level, dates):
    # 2,304 centres, farther apart than a window.
    samples = white(rng, dates, 7 * 48 + 32, 7 * 48 + 32)
    chosen = glrt.Rules(window=(7, 7), level=level)
    laws = rules.laws(chosen, 1.0, dates, lone((7, 7)))
    used = np.ones(dates, bool)
    ready = multilook._prepare(samples, used, laws, chosen)
    means = multilook._means(ready, used[:, None, None], laws)
    first = np.asarray(multilook._first_regions(means, laws, chosen.half))
    members = np.bitwise_count(first).sum(axis=0)[::7, ::7]
    assert members.size >= 2000
    rejected = 1 - (members.mean() - 1) / 48
    assert rejected == pytest.approx(level, rel=0.2)


def test_flat_ground_is_unbiased_and_smooth(flat):
    _, found = flat
    inner = np.s_[8:-8, 8:-8]
    reference, pixels = found.reference[inner], found.pixels[inner]
    assert decibel(reference) == pytest.approx(0, abs=0.05)
    enl = reference.mean() ** 2 / reference.var()
    assert enl >= 0.7 * DATES * pixels.mean()
    assert enl == pytest.approx(found.looks[inner].mean(), rel=0.3)
    assert not found.changed.any()


def test_border_pixels_have_the_window_that_is_there(flat):
    _, found = flat
    # Eight of fifteen rows and columns lie within; 2 per cent are rejected.
    assert found.pixels[0, 0] == pytest.approx(64, abs=4)
    assert found.pixels[128, 0] == pytest.approx(120, abs=6)
    assert decibel(found.reference[:, 0]) == pytest.approx(0, abs=0.05)


def test_step_stays_sharp(rng):
    ground = np.where(np.arange(128) < 64, 1.0, 10**0.6).astype(np.float32)
    samples = white(rng, DATES, 256, 128) * ground
    found = stack(samples, glrt.Rules()).reference()[0] / ground
    assert decibel(found[:, 63]) == pytest.approx(0, abs=0.3)
    assert decibel(found[:, 64]) == pytest.approx(0, abs=0.3)


def test_points_keep_their_intensity(rng):
    samples = white(rng, DATES, 256, 256)
    parts = rng.normal(size=(2, DATES, 16, 16)) * np.sqrt(0.5)
    samples[:, 8::16, 8::16] = np.abs(10 + parts[0] + 1j * parts[1]) ** 2
    found = stack(samples).reference()[0]
    assert decibel(found[8::16, 8::16] / 101) == pytest.approx(0, abs=0.1)


def test_persistent_neighbours_of_unequal_power_are_not_mixed(rng):
    samples = white(rng, 8, 64, 64)
    samples[:, 30, 30], samples[:, 30, 31] = 100, 130
    found = stack(samples).multilook(2 * (slice(0, 64),))
    np.testing.assert_allclose(found.reference[30, 30:32], [100, 130], rtol=1e-5)
    np.testing.assert_array_equal(found.pixels[30, 30:32], 1)


@pytest.mark.parametrize(("looks", "kept"), [(1.0, 1), (4.0, 2)])
def test_what_is_steady_for_one_look_may_not_be_for_several(rng, looks, kept):
    samples = rng.gamma(looks, 1 / looks, (8, 64, 64)).astype(np.float32)
    turns = np.where(np.arange(8) % 2, 0.4, -0.4)
    samples[:, 30, 30], samples[:, 30, 31] = 100 * (1 + turns), 100 * (1 - turns)
    found = stack(samples, looks=looks).multilook(2 * (slice(0, 64),))
    np.testing.assert_array_equal(found.pixels[30, 30:32], kept)


@pytest.mark.parametrize("dates", [8, 20])
def test_a_change_on_one_date_is_left_out(rng, dates):
    samples = white(rng, dates, 256, 256)
    before = stack(samples, glrt.Rules()).reference()[0]
    inside = (np.arange(256) % 32 - 12) // 7 == 0
    inside = inside[:, None] & inside
    samples[3, inside] *= 10
    changed = stack(samples, glrt.Rules())
    after = changed.reference()[0]
    moved = decibel(after[inside]) - decibel(before[inside])
    assert moved == pytest.approx(0, abs=0.2)
    found = changed.multilook(2 * (slice(0, 256),)).changed
    assert found[3, inside].mean() > 0.95
    # Regions reach into the squares, but not from farther than half a window.
    far = (np.arange(256) % 32 - 5) // 21 != 0
    assert not found[3, far[:, None] | far].any()
    assert not np.delete(found, 3, axis=0).any()


def test_a_date_left_out_has_no_part_in_the_reference(rng):
    samples = white(rng, 8, 64, 64)
    window = 2 * (slice(0, 64),)
    found = stack(samples).multilook(window, without=5)
    samples[5] *= 1e3
    again = stack(samples).multilook(window, without=5)
    np.testing.assert_array_equal(again.reference, found.reference)
    assert again.changed[5].all()
    assert not found.changed[5].any()
    # But for the date, it is the multilook of the others.
    others = stack(np.delete(samples, 5, axis=0)).multilook(window)
    np.testing.assert_allclose(others.reference, found.reference, rtol=1e-5)
    np.testing.assert_array_equal(others.pixels, found.pixels)


@pytest.mark.parametrize(
    ("kind", "window"), [("intensity", (7, 7)), ("slc", (7, 7)), ("slc", (5, 17))]
)
def test_tiles_are_as_one_piece(rng, speckle, kind, window):
    samples = speckle(rng, 5, 150)[:, :, :90]
    samples[2, 40:90, 30:50] *= 3
    samples[:, 70, 20] = 30
    samples[1, :20, 60:] = np.nan
    samples[:, 100:110, :10] = np.nan
    if kind == "intensity":
        samples = (np.abs(samples) ** 2).astype(np.float32)
    chosen = glrt.Rules(window=window)
    tiled = stack(samples, chosen).reference(size=64)
    whole = stack(samples, chosen).reference(size=160)
    for one, other in zip(tiled, whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    np.testing.assert_array_equal(np.isnan(whole[0]), np.isnan(samples).all(axis=0))


def test_scale_of_the_samples_is_scale_of_the_reference(rng):
    samples = white(rng, 5, 64, 64)
    found, looks = stack(samples).reference()
    for scale in (1e-30, 1e8, 1e37):
        scaled, same = stack((scale * samples).astype(np.float32)).reference()
        np.testing.assert_allclose(scaled, scale * found, rtol=1e-5)
        np.testing.assert_allclose(same, looks, rtol=1e-3)


def test_missing_dates_are_no_dates(rng):
    samples = white(rng, 9, 96, 96)
    samples[6:, :, 48:] = np.nan
    found = stack(samples).multilook(2 * (slice(0, 96),))
    assert decibel(found.reference[:, 60:]) == pytest.approx(0, abs=0.1)
    left, right = (
        found.looks[8:-8, cols].mean() for cols in (np.s_[8:40], np.s_[56:88])
    )
    assert right / left == pytest.approx(6 / 9, rel=0.05)


def test_looks_of_correlated_and_coherent_speckle_are_not_counted_twice(rng, speckle):
    samples = speckle(rng, DATES, 160, bandwidth=0.65, common=0.3)
    measured = glrt.Stack(samples, rules=SMALL)
    found = measured.multilook(2 * (slice(0, 160),))
    inner = np.s_[16:-16, 16:-16]
    enl = found.reference[inner].mean() ** 2 / found.reference[inner].var()
    # All dates and pixels taken for independent would be 940.
    assert 0.6 * found.looks[inner].mean() < enl < 1.3 * found.looks[inner].mean()


@pytest.mark.parametrize("looks", [2.5, 11.0])
def test_dates_of_several_looks(rng, looks):
    samples = rng.gamma(looks, 1 / looks, size=(6, 128, 128)).astype(np.float32)
    found = stack(samples, looks=looks).multilook(2 * (slice(0, 128),))
    inner = np.s_[8:-8, 8:-8]
    enl = found.reference[inner].mean() ** 2 / found.reference[inner].var()
    assert enl >= 0.7 * 6 * looks * found.pixels[inner].mean()
    assert decibel(found.reference) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("samples", "options", "says"),
    [
        (np.ones((1, 8, 8), "f4"), {}, "two dates"),
        (np.ones((8, 8), "f4"), {}, "two dates"),
        (np.ones((2, 0, 8), "f4"), {}, "two dates"),
        (np.ones((2, 8, 8)), {}, "float32 or complex64"),
        (np.ones((2, 8, 8), "f4"), {"looks": 0.5}, "at least 1"),
        (np.ones((2, 8, 8), "f4"), {"looks": float("nan")}, "at least 1"),
        (np.ones((2, 8, 8), "c8"), {"looks": 2.0}, "must be 1 for"),
    ],
)
def test_stacks_that_do_not_fit_are_refused(samples, options, says):
    with pytest.raises(ValueError, match=says):
        glrt.Stack(samples, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"window": (4, 7)}, "odd"),
        ({"window": (7, 33)}, "31"),
        ({"level": 0.0}, "level=0.0"),
        ({"change_level": 2.0}, "change_level=2.0"),
        ({"change_db": -1.0}, "0 to 100"),
        ({"change_db": float("nan")}, "0 to 100"),
    ],
)
def test_rules_that_cannot_be_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        glrt.Rules(**options)


@pytest.mark.parametrize(
    ("rows", "without", "says"),
    [
        (slice(3, 11), None, "multiples of 8"),
        (slice(0, 12), None, "multiples of 8"),
        (slice(8, 8), None, "multiples of 8"),
        (slice(32, 40), None, "start within"),
        (slice(0, 8), -1, "without=-1"),
        (slice(0, 8), 2, "without=2"),
    ],
)
def test_windows_and_dates_that_are_not_there_are_refused(rows, without, says):
    series = stack(np.ones((2, 32, 32), np.float32))
    with pytest.raises(ValueError, match=says):
        series.multilook((rows, slice(0, 8)), without)


@pytest.mark.parametrize("size", [-8, 0, 100, 10**6])
def test_tiles_are_multiples_of_8(size):
    with pytest.raises(ValueError, match="multiple of 8"):
        stack(np.ones((2, 32, 32), np.float32)).reference(size)


def test_small_windows_know_that_their_pixels_share_speckle(rng, speckle):
    power = np.abs(speckle(rng, 10, 200, bandwidth=0.5)) ** 2
    measured = glrt.Stack(power, rules=glrt.Rules(window=(3, 3)))
    found = measured.multilook(2 * (slice(0, 200),))
    enl = found.reference.mean() ** 2 / found.reference.var()
    assert found.looks.mean() == pytest.approx(enl, rel=0.35)


def test_pixel_whose_dates_all_changed_takes_no_part(rng):
    samples = white(rng, 8, 64, 64)
    samples[2] *= 100
    samples[np.arange(8) != 2, 30:33, 30:33] = np.nan
    found = stack(samples).multilook(2 * (slice(0, 64),))
    assert found.changed[2].mean() > 0.98
    # Six of the 49 pixels around bring nothing.
    assert found.pixels[31, 34] <= 43
    assert np.nanmedian(found.reference) == pytest.approx(1, abs=0.02)
    assert np.isnan(found.reference).sum() <= 9


def test_laws_need_a_correlation_of_the_window():
    with pytest.raises(ValueError, match="not less than"):
        rules.laws(SMALL, 1.0, 5, lone((5, 5)))


def test_real_series_gains_looks_and_keeps_its_power(real_data):
    name = real_data / "opera_rtc_s1_stack" / "T137-292322-IW2_VV.npz"
    samples = np.load(name)["gamma0"]
    series = glrt.Stack(samples, looks=11.0)
    reference, looks = series.reference()
    assert np.isfinite(reference).all()
    # 22 dates of 11 looks, and neighbours.
    assert np.median(looks) > 5 * 22 * 11 / series.correlation.sum()
    away = 10 * np.log10(reference / np.median(samples, axis=0))
    assert abs(np.median(away)) < 0.7  # The median of 11 looks is 0.13 dB low.


def test_looks_that_are_not_given_are_those_that_most_dates_seem_to_have(rng):
    power = rng.gamma(4, 1 / 4, (5, 64, 64)).astype(np.float32)
    power[0] = np.nan  # The first date may hold no data.
    assert glrt.Stack(power).looks == pytest.approx(4, rel=0.2)
    assert glrt.Stack(power.astype(np.complex64)).looks == 1


def test_amplitudes_of_an_slc_count_squared(rng, speckle):
    samples = speckle(rng, 5, 64)
    found, _ = stack(samples).reference()
    scaled, _ = stack((1e3 * samples).astype(np.complex64)).reference()
    np.testing.assert_allclose(scaled, 1e6 * found, rtol=1e-4)


def test_a_change_is_found_where_another_date_is_missing(rng):
    samples = white(rng, 8, 64, 64)
    samples[3] *= 10
    samples[0, :, :32] = np.nan
    found = stack(samples).multilook(2 * (slice(0, 64),))
    assert found.changed[3, 8:-8, 4:24].mean() > 0.95


@pytest.mark.parametrize(
    ("dates", "over", "alone"),
    # Four standard deviations of the mean of three dates are a factor of ten; those of
    # 64 dates less than two, but 6 dB are asked for.
    [(3, 6.0, False), (3, 30.0, True), (64, 2.0, False), (64, 6.0, True)],
)
def test_a_steady_pixel_keeps_to_itself_if_it_is_bright(rng, dates, over, alone):
    samples = white(rng, dates, 64, 64)
    samples[:, 30, 30] = over
    found = stack(samples, glrt.Rules(window=(7, 7), level=1e-6))
    pixels = found.multilook(2 * (slice(0, 64),)).pixels
    assert (pixels[30, 30] == 1) == alone
