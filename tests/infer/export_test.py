import sys

import jax
import numpy as np
import pytest

import pgd2jax
from pgd2jax import cli
from pgd2jax.infer import export
from tests import safe


@pytest.fixture(scope="module")
def slc_function(far):
    return jax.export.deserialize(bytearray(export.jaxexp(far, "slc")))


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
def test_onnx_of_any_size_equals_the_despeckler(far, rng):
    pytest.importorskip("jax2onnx")
    least = far.model.stride
    data = export.onnx(far, "slc")
    for shape in ((least, least + 13), (least + 48, least)):
        slc = safe.slc(shape).astype(np.complex64)
        pairs = np.stack([slc.real, slc.imag], axis=-1)
        np.testing.assert_allclose(run_onnx(data, pairs), far(slc), rtol=1e-4)
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
