import math

import numpy as np
import pytest

from pgd2jax.evaluation import statistics, tables


def row(scene, method, group="white", **measures):
    return {"scene": scene, "group": group, "method": method, **measures}


def test_summary_is_the_mean_and_of_the_rmse_the_root_of_the_mean_square():
    rows = [row("a", "lee", rmse=3.0, bias=1.0), row("b", "lee", rmse=4.0, bias=3.0)]
    found = statistics.summary(rows)["white", "lee"]
    assert found["scenes"] == 2
    assert found["rmse"].value == pytest.approx(math.sqrt(12.5))
    assert found["bias"] == (2.0, 2.0)


def test_scenes_without_a_measure_are_left_out_of_its_mean():
    rows = [row("a", "lee", enl=math.nan), row("b", "lee", enl=8.0), row("c", "lee")]
    found = statistics.summary(rows)["white", "lee"]
    assert found == {"scenes": 3, "enl": (8.0, -8.0)}


@pytest.mark.parametrize(
    ("measure", "values", "best"),
    [
        ("rmse", {"a": 1.0, "b": 2.0}, "a"),
        ("enl", {"a": 1.0, "b": 2.0}, "b"),
        ("bias", {"a": -0.1, "b": 0.2}, "a"),
        ("ratio_mean", {"a": 0.8, "b": 1.1}, "b"),
    ],
)
def test_best_follows_the_direction_of_the_measure(measure, values, best):
    rows = [row("s", method, **{measure: v}) for method, v in values.items()]
    rows.append(row("s", "noisy", **{measure: 1.0 if measure != "rmse" else 0.0}))
    means = statistics.summary(rows)
    assert statistics.best(means, "white", measure, but="noisy") == best
    assert statistics.best(means, "white", "m_index", but="noisy") is None


def test_errors_that_cancel_are_not_the_best():
    rows = [row(s, "a", bias=b) for s, b in [("x", 1.0), ("y", -1.0)]]
    rows += [row(s, "b", bias=0.1) for s in "xy"]
    means = statistics.summary(rows)
    assert means["white", "a"]["bias"] == (0.0, 1.0)
    assert statistics.best(means, "white", "bias", but="noisy") == "b"


def test_difference_is_paired_so_that_hard_scenes_do_not_count(rng):
    hard = rng.uniform(0, 100, 40)
    better = rng.normal(0.5, 0.1, 40)
    rows = [row(str(n), "ours", rmse=h) for n, h in enumerate(hard)]
    rows += [
        row(str(n), "lee", rmse=h + b)
        for n, (h, b) in enumerate(zip(hard, better, strict=True))
    ]
    found = statistics.differences(rows, "ours", ["rmse"])["white", "lee", "rmse"]
    assert found.mean == pytest.approx(better.mean())
    # Of a mean of 40 normal values: 1.96 standard errors to both sides.
    error = 1.96 * better.std() / math.sqrt(40)
    assert found.low == pytest.approx(better.mean() - error, abs=0.3 * error)
    assert found.high == pytest.approx(better.mean() + error, abs=0.3 * error)
    assert found.sure


def test_biases_are_compared_by_their_distance_from_zero():
    rows = [row(s, "ours", bias=-0.5) for s in "abc"]
    rows += [row(s, "lee", bias=v) for s, v in zip("abc", (0.1, 0.2, 0.4), strict=True)]
    found = statistics.differences(rows, "ours", ["bias"])["white", "lee", "bias"]
    assert found.mean == pytest.approx(0.7 / 3 - 0.5)


def test_two_scenes_have_no_interval_and_equal_ones_a_narrow_one():
    rows = [row(s, m, rmse=v) for s in "ab" for m, v in (("ours", 1.0), ("lee", 2.0))]
    found = statistics.differences(rows, "ours", ["rmse"])["white", "lee", "rmse"]
    assert found.mean == 1
    assert math.isnan(found.low)
    assert not found.sure
    rows += [row("c", "ours", rmse=1.0), row("c", "lee", rmse=2.0)]
    found = statistics.differences(rows, "ours", ["rmse"])["white", "lee", "rmse"]
    assert (found.low, found.high) == (1, 1)


def test_missing_values_leave_no_difference():
    rows = [row("a", "ours", rmse=1.0), row("a", "lee", rmse=math.nan)]
    assert statistics.differences(rows, "ours", ["rmse"]) == {}
    assert statistics.differences(rows, "absent", ["rmse"]) == {}


@pytest.fixture
def means():
    return statistics.summary(
        [
            row("a", "noisy", rmse=6.0, enl=1.0),
            row("a", "lee", rmse=2.0, enl=math.nan),
            row("a", "r_50%", rmse=1.0, enl=90.0),
        ]
    )


def test_tables_mark_the_best_with_units_and_arrows(means):
    text = tables.text(means)
    assert "rmse, dB ↓" in text
    assert "1.000*" in text
    assert "2.000*" not in text
    page = tables.markdown(means, {}, "lee")
    assert "| r_50% | **1.000** | **90.0** |" in page
    assert "| lee | 2.000 |  |" in page
    assert "## white, 1 scene\n" in page


def test_latex_escapes_names_and_compiles_in_shape(means):
    lines = tables.latex(means).splitlines()
    body = [line for line in lines if line.endswith(r"\\")]
    assert {line.count(" & ") for line in body} == {3}
    assert r"white & r\_50\% & \textbf{1.000} & \textbf{90.0} \\" in body
    assert r"rmse, dB $\downarrow$" in body[0]


def test_markdown_shows_differences_with_intervals():
    rng = np.random.default_rng(0)
    rows = [row(str(n), "ours", rmse=1.0) for n in range(9)]
    rows += [row(str(n), "lee", rmse=v) for n, v in enumerate(rng.uniform(2, 3, 9))]
    found = statistics.differences(rows, "ours", tables.COMPARED)
    page = tables.markdown(statistics.summary(rows), found, "ours")
    assert "Less ours: mean over scenes and its 95 % interval" in page
    assert f"| lee | +{found['white', 'lee', 'rmse'].mean:.3f} [+1." in page


def test_intervals_hold_the_truth_in_95_of_100_cases(rng):
    held = []
    for _ in range(200):
        ours, other = rng.normal(size=(2, 30))
        rows = [
            row(str(number), method, enl=value)
            for method, values in (("ours", ours), ("other", other + 1))
            for number, value in enumerate(values)
        ]
        found = statistics.differences(rows, "ours", ["enl"])["white", "other", "enl"]
        held.append(found.low < 1 < found.high)
    assert 0.88 < np.mean(held) < 0.99
