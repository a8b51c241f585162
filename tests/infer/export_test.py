import sys

import jax
import numpy as np
import pytest

import pgd2jax
from pgd2jax import cli, infer
from pgd2jax.infer import export
from tests import safe


@pytest.fixture(scope="module")
def slc_function(far):
    return jax.export.deserialize(bytearray(export.jaxexp(far, "slc")))


def drifting(shape):
    """Returns samples of a band that a TOPS ramp moves, [H, W]."""
    slc = safe.slc(shape)
    slc = slc[1:] + 0.8 * slc[:-1]
    ramp = np.exp(1j * np.pi * 1.8 / 256 * np.arange(len(slc)) ** 2)
    return (slc * ramp[:, None]).astype(np.complex64)


def test_exported_network_whitens_as_the_despeckler_does(white_far):
    slc = drifting((140, 300))
    seen = white_far.examine(lambda *rows: slc[slice(*rows)], slc.shape, slc.dtype)
    assert list(seen.whitener.moves) == [True, False]
    data = export.jaxexp(white_far, "slc", ("cpu",), export.of_mode(seen.whitener))
    function = jax.export.deserialize(bytearray(data))
    np.testing.assert_allclose(function.call(slc), white_far(slc), rtol=1e-4)
    steady = seen.whitener._replace(moves=np.array([False, False]))
    assert list(export.of_mode(steady).moves) == [True, False]
    with pytest.raises(ValueError, match="--like scene"):
        export.jaxexp(white_far, "slc")
    assert export.jaxexp(white_far, "intensity", ("cpu",))


@pytest.mark.parametrize("shape", [(64, 96), (75, 101), (2, 300), (5, 3)])
def test_exported_network_equals_the_despeckler_at_any_size(far, slc_function, shape):
    slc = safe.slc(shape).astype(np.complex64)
    np.testing.assert_allclose(slc_function.call(slc), far(slc), rtol=1e-5)


def test_exported_network_scales_and_is_for_both_platforms(slc_function):
    slc = safe.slc((40, 50)).astype(np.complex64)
    np.testing.assert_allclose(
        slc_function.call(1e-3 * slc), 1e-6 * slc_function.call(slc), rtol=1e-4
    )
    assert slc_function.platforms == ("cpu", "cuda")
    for wrong in (np.abs(slc), slc[None]):
        with pytest.raises(ValueError, match=r"(?i)type|rank|shape|dtype|tree"):
            slc_function.call(wrong)


def test_exported_network_takes_power_and_looks(far, rng):
    power = rng.gamma(4, 1 / 4, (48, 33)).astype(np.float32)
    data = export.jaxexp(far, "intensity", ("cpu",))
    function = jax.export.deserialize(bytearray(data))
    found = function.call(power, np.float32(4.4))
    np.testing.assert_allclose(found, far(intensity=power, looks=4.4), rtol=1e-5)


def test_weights_of_merlin_are_exported_for_intensities_alone(far):
    merlin = infer.Despeckler(far.model, far.params, {"data": {"source": "merlin"}})
    with pytest.raises(ValueError, match="--pixels intensity"):
        export.jaxexp(merlin, "slc", ("cpu",))
    assert export.jaxexp(merlin, "intensity", ("cpu",))


def test_exported_network_is_told_no_more_looks_than_it_knows(far, rng):
    power = rng.gamma(40, 1 / 40, (32, 32)).astype(np.float32)
    data = export.jaxexp(far, "intensity", ("cpu",))
    function = jax.export.deserialize(bytearray(data))
    found = function.call(power, np.float32(40))
    np.testing.assert_allclose(found, far(intensity=power, looks=40), rtol=1e-5)


def run_onnx(data, *inputs):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    (result,) = session.run(
        None, dict(zip(names, map(np.asarray, inputs), strict=True))
    )
    return result


# Of jax2onnx, about what it takes from JAX.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_of_any_size_equals_the_despeckler(far, white_far, rng):
    pytest.importorskip("jax2onnx")
    least = far.model.stride
    data = export.onnx(far, "slc")
    for shape in ((least, least + 13), (least + 48, least)):
        slc = safe.slc(shape).astype(np.complex64)
        pairs = np.stack([slc.real, slc.imag], axis=-1)
        np.testing.assert_allclose(run_onnx(data, pairs), far(slc), rtol=1e-4)
    slc = drifting((least + 66, least + 100))
    seen = white_far.examine(lambda *rows: slc[slice(*rows)], slc.shape, slc.dtype)
    data = export.onnx(white_far, "slc", export.of_mode(seen.whitener))
    pairs = np.stack([slc.real, slc.imag], axis=-1)
    np.testing.assert_allclose(run_onnx(data, pairs), white_far(slc), rtol=1e-4)
    power = rng.gamma(4, 1 / 4, (least, least + 1)).astype(np.float32)
    found = run_onnx(export.onnx(far, "intensity"), power, np.float32(3))
    np.testing.assert_allclose(found, far(intensity=power, looks=3), rtol=1e-4)


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def test_command_writes_what_can_be_read_again(tmp_path, smoke_run, despeckler, capsys):
    path = tmp_path / "net.jaxexp"
    assert not run("export", "--output", path, "--weights", smoke_run)
    slc = safe.slc((40, 50)).astype(np.complex64)
    found = jax.export.deserialize(bytearray(path.read_bytes())).call(slc)
    np.testing.assert_allclose(found, despeckler(slc), rtol=1e-5)
    assert run("export", "--output", path, "--weights", smoke_run) == 1
    assert "say --overwrite" in capsys.readouterr().err


def test_command_takes_the_mode_of_a_sensor_from_an_image(
    tmp_path, white_far, capsys, monkeypatch
):
    monkeypatch.setattr(pgd2jax, "load", lambda *_, **__: white_far)
    slc, path = drifting((140, 150)), tmp_path / "net.jaxexp"
    np.save(tmp_path / "scene.npy", slc)
    assert run("export", "--output", path) == 1
    assert "give an SLC image of the sensor" in capsys.readouterr().err
    assert not run("export", "--output", path, "--like", tmp_path / "scene.npy")
    found = jax.export.deserialize(bytearray(path.read_bytes())).call(slc)
    np.testing.assert_allclose(found, white_far(slc), rtol=1e-4)


def test_command_passes_weights_on(tmp_path, smoke_run, despeckler, capsys):
    path = tmp_path / "mine"
    assert not run("export", "--output", path, "--weights", smoke_run)
    assert f"pgd2jax.load({str(path)!r})" in capsys.readouterr().out
    slc = safe.slc((40, 50)).astype(np.complex64)
    np.testing.assert_array_equal(pgd2jax.load(path)(slc), despeckler(slc))
    assert run("export", "--output", path, "--weights", smoke_run) == 1
    assert f"{path}: is there already; give another name." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--output", "net.pb"], "must end in .jaxexp or .onnx"),
        (["--output", "none/weights"], "the folder none does not exist"),
        (["--output", "net.onnx"], "pip install"),
    ],
)
def test_mistakes_end_in_one_sentence(
    tmp_path, smoke_run, capsys, monkeypatch, options, says
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    assert run("export", *options, "--weights", smoke_run) == 1
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
