import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import ablations, quality
from benchmarks.peers import PEERS
from configs import ablations as listed
from pgd2jax import checkpoints, configuration
from pgd2jax.sar import speckle
from pgd2jax.train import loop


@pytest.mark.parametrize("name", listed.CHANGES)
def test_every_change_builds_a_network_and_changes_something(name):
    config = listed.get_config(f"smoke/{name}")
    model = configuration.model(config.model, "float32")
    image = jax.ShapeDtypeStruct((1, 32, 32, 1), jnp.float32)
    jax.eval_shape(model.init, jax.random.key(0), image, image)
    whole = listed.get_config("smoke/whole").to_dict()
    assert (config.to_dict() == whole) == (name == "whole")


@pytest.mark.slow
def test_the_loop_trains_a_peer(tmp_path, smoke_config):
    config = smoke_config()
    config.data.source = "endless"
    config.loss.speckle = 0.0
    config.train.num_steps = 2
    loop.run(config, tmp_path, PEERS["SAR-DRN"]())
    params, _ = checkpoints.restore_params(tmp_path)
    assert params["0"]["kernel"].shape == (3, 3, 1, 64)


def results(rmse):
    return {
        seed: {
            "steps": 100,
            "step": 0.1,
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
    assert cells[4:6] == ["1.081 ± 0.073", "-0.25 ± 0.00"]


def test_table_replaces_its_part_of_the_page_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- small: begin -->\nold\n<!-- small: end -->\nb\n")
    before, after = ablations.split(page, "small")
    assert before == "a\n<!-- small: begin -->"
    assert after == "<!-- small: end -->\nb\n"
    with pytest.raises(ValueError, match="base: begin"):
        ablations.split(page, "base")


def test_results_of_another_configuration_are_refused(tmp_path):
    workdir = tmp_path / "whole-0"
    workdir.mkdir()
    (workdir / "timing.json").write_text(json.dumps({"draw": 1.0, "step": 1.0}))
    (workdir / "result.json").write_text(json.dumps({"config": "{}"}))
    with pytest.raises(ValueError, match="was trained otherwise"):
        ablations.train("whole", 0, "smoke", 4, tmp_path)


def test_peers_get_the_time_of_the_whole_network(tmp_path):
    for name, took in {"whole": 0.1, "SAR-CAM": 0.4}.items():
        (tmp_path / f"{name}-0").mkdir()
        timing = {"draw": 0.0, "step": took}
        (tmp_path / f"{name}-0" / "timing.json").write_text(json.dumps(timing))
    config, model, _ = ablations.planned("SAR-CAM", 0, "smoke", 100, tmp_path)
    assert config.train.num_steps == 25
    assert config.loss.speckle == 0
    assert isinstance(model, PEERS["SAR-CAM"])


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
