import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import ablations, quality
from benchmarks.peers import PEERS
from configs import ablations as listed
from pgd2jax import checkpoints, configuration
from pgd2jax.sar import scenes, speckle
from pgd2jax.train import loop

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", listed.CHANGES)
def test_every_change_builds_a_network_and_changes_something(name):
    config = listed.get_config(f"smoke/{name}")
    model = configuration.model(config.model, "float32")
    image = jax.ShapeDtypeStruct((1, 32, 32, 1), jnp.float32)
    jax.eval_shape(model.init, jax.random.key(0), image, image)
    whole = listed.get_config("smoke/whole").to_dict()
    # Networks take the phase in one of two ways; the other is the change.
    same = ("whole", whole["model"]["phase_as"])
    assert (config.to_dict() == whole) == (name in same)


@pytest.mark.slow
def test_the_loop_trains_a_peer(tmp_path, smoke_config):
    config = smoke_config()
    config.data.source = "endless"
    config.loss.speckle = 0.0
    config.train.num_steps = 2
    loop.run(config, tmp_path, PEERS["SAR-DRN"]())
    params, _ = checkpoints.restore_params(tmp_path)
    assert params["0"]["kernel"].shape == (3, 3, 1, 64)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["whole", *PEERS])
def test_networks_are_measured_alike(name, monkeypatch):
    monkeypatch.setattr(ablations, "SCENES", 1)
    monkeypatch.setattr(
        quality, "scene", lambda index, white, looks: scenes.observe(KEY, 64, white, 1)
    )
    _, model = ablations.planned(name, 0, "smoke", 4)
    image = jnp.ones((1, 64, 64, 1))
    found = ablations.measured(model.init(KEY, image, image)["params"], model)
    assert found["kflop"] > 1
    assert 0 < found["correlated rmse"] < 20


def results(rmse):
    return {
        seed: {
            "steps": 100,
            "step": 0.1,
            "device": "a device",
            "kflop": 30.0,
            **{
                f"{kind} {name}": value
                for kind in ("correlated", "white")
                for name, value in {
                    "rmse": rmse + 0.1 * seed,
                    "psnr_amplitude": 40.0,
                    "sum_ratio": -0.1,
                }.items()
            },
        }
        for seed in (0, 1)
    }


def test_rows_compare_equal_seeds():
    whole = results(1.0)
    worse = {seed: dict(r) for seed, r in whole.items()}
    for result in worse.values():
        result["correlated rmse"] *= 10 ** (0.25 / 20)
    cells = ablations.row("no_phase", worse, whole).split(" | ")
    assert cells[1] == "without the phase"
    assert cells[4:6] == ["1.081 ± 0.073", "-0.25"]


def test_table_replaces_its_part_of_the_page_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- small: begin -->\nold\n<!-- small: end -->\nb\n")
    before, after = ablations.split(page, "small")
    assert before == "a\n<!-- small: begin -->"
    assert after == "<!-- small: end -->\nb\n"
    with pytest.raises(ValueError, match="base: begin"):
        ablations.split(page, "base")


@pytest.fixture
def begun(tmp_path):
    """Returns a function that writes how a row was begun."""

    def write(name, took, **changes):
        config, _ = ablations.planned(name, 0, "smoke", 100)
        made = {"config": config.to_json(), "device": ablations.device()} | changes
        (tmp_path / f"{name}-0").mkdir()
        made |= {"draw": 0.0, "step": took}
        (tmp_path / f"{name}-0" / ablations.TIMING).write_text(json.dumps(made))

    return write


@pytest.mark.parametrize("change", ["config", "device"])
def test_rows_begun_otherwise_are_refused(tmp_path, begun, change):
    begun("whole", 1.0, **{change: "another"})
    with pytest.raises(ValueError, match=f"was begun with another {change}"):
        ablations.train("whole", 0, "smoke", 100, tmp_path)


def test_finished_rows_are_kept_on_any_device(tmp_path, begun):
    begun("whole", 1.0, device="another")
    (tmp_path / "whole-0" / ablations.RESULT).write_text("{}")
    ablations.train("whole", 0, "smoke", 100, tmp_path)
    assert (tmp_path / "whole-0" / ablations.RESULT).read_text() == "{}"


def test_peers_get_the_time_of_the_whole_network(tmp_path, begun, monkeypatch):
    begun("whole", 0.1)
    begun("SAR-CAM", 0.4)
    ran = []
    monkeypatch.setattr(loop, "run", lambda *given: ran.append(given))
    monkeypatch.setattr(checkpoints, "restore_params", lambda workdir: ({}, {}))
    monkeypatch.setattr(ablations, "measured", lambda params, model: {})
    ablations.train("SAR-CAM", 0, "smoke", 100, tmp_path)
    ((config, _, model),) = ran
    assert config.train.num_steps == 25
    assert config.loss.speckle == 0
    assert isinstance(model, PEERS["SAR-CAM"])


def test_a_row_that_fails_ends_no_other(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("<!-- smoke: begin -->\n<!-- smoke: end -->\n")
    tried = []

    def train(name, seed, *_):
        tried.append((name, seed))
        if (name, seed) in {("angle", 0), ("whole", 1)}:
            raise ValueError("not finite")

    monkeypatch.setattr(ablations, "train", train)
    monkeypatch.setattr(ablations, "finished", lambda folder: {"whole": results(1.0)})
    monkeypatch.setattr(ablations.compilation, "cache", lambda: None)
    given = ["--base", "smoke", "--seeds", "0", "1", "--only", "angle", "fusion"]
    given += ["--output", str(page), "--workdir", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["ablations.py", *given])
    with pytest.raises(SystemExit) as ended:
        ablations.main()
    assert ended.value.code.splitlines() == [
        "not finished:",
        "angle, seed 0: not finite",
        "whole, seed 1: not finite",
        "seed 1: its other rows, to compare with it",
    ]
    assert tried == [("whole", 0), ("angle", 0), ("fusion", 0), ("whole", 1)]
    assert "| whole | nothing | 100 | 2 |" in page.read_text()


@pytest.mark.parametrize(("bandwidth", "alpha"), [(1.0, 1.0), (0.6, 0.54)])
def test_independent_looks_are_those_of_a_simulated_field(bandwidth, alpha):
    size = 256
    ground = jnp.ones((size, size))
    power, _, _ = quality.draw(
        jax.random.key(0), ground, 0j * ground, 1, bandwidth, alpha
    )
    # One over the sum of the intensity's autocorrelation, from its power spectrum.
    spectrum = np.abs(np.fft.fft2(power - power.mean())) ** 2
    correlation = np.fft.ifft2(spectrum).real
    near = correlation[np.ix_(np.r_[-8:9], np.r_[-8:9])].sum() / correlation[0, 0]
    found = quality.independent(speckle.response(size, bandwidth, alpha))
    assert found == pytest.approx(1 / near, rel=0.15)
