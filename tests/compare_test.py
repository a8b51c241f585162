import numpy as np
from PIL import Image

from pgd2jax import cli
from tests import safe


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def test_simulated_scene_is_compared_with_its_reference(tmp_path, capsys):
    slc, reference, picture = (tmp_path / n for n in ("z.tif", "r.tif", "f.png"))
    assert not run("simulate", "--output", slc, "--reference", reference, "--size", 64)
    assert not run(
        "compare", slc, reference, "--reference", reference, "--output", picture
    )
    printed = capsys.readouterr().out
    assert "rmse: 0.000 dB" in printed
    assert "psnr_amplitude: nan dB" in printed
    assert "mean of the ratio image" in printed
    assert "are both intensities" not in printed
    with Image.open(picture) as image:
        assert image.width > image.height > 100


def test_results_in_other_units_are_not_compared_silently(tmp_path, rng, capsys):
    power = rng.exponential(size=(64, 64)).astype(np.float32)
    noisy, other, picture = (tmp_path / n for n in ("n.npy", "o.npy", "f.png"))
    np.save(noisy, power)
    np.save(other, np.full((64, 64), 90_000, np.float32))
    assert not run("compare", noisy, other, "--output", picture)
    printed = capsys.readouterr().out
    assert "its sum is +49.5 dB over the noisy one's: are both" in printed
    assert "homogeneous windows of the noisy image, 32 x 32 pixels: " in printed
    assert run("compare", noisy, other, "--output", picture) == 1
    assert "f.png: is there already; say --overwrite" in capsys.readouterr().err
    picture.unlink()
    np.save(other, np.ones((64, 60), np.float32))
    assert run("compare", noisy, other, "--output", picture) == 1
    assert "o.npy: is (64, 60), " in capsys.readouterr().err
    np.save(other, np.full((64, 64), -3, np.float32))
    assert run("compare", noisy, other, "--output", picture) == 1
    assert "o.npy: its lowest pixel is -3" in capsys.readouterr().err


def test_one_image_of_a_product_is_compared_and_evaluated(tmp_path, smoke_run, capsys):
    images = {"iw1-vv": safe.slc((64, 64)), "iw1-vh": 3 * safe.slc((64, 64))}
    root = safe.Safe(images).write(tmp_path)
    clean = tmp_path / "clean.npy"
    np.save(clean, np.full((64, 64), 5e4, np.float32))
    command = ["compare", root, clean, "--output", tmp_path / "look.png"]
    assert run(*command) == 1
    assert "holds iw1-vh, iw1-vv; choose one of them with --layer" in (
        capsys.readouterr().err
    )
    assert not run(*command, "--layer", "iw1-vv")
    command = ["evaluate", "--weights", smoke_run, "--methods", "noisy"]
    assert not run(*command, "--files", root, "--layer", "iw1-vh")
    assert "noisy" in capsys.readouterr().out
    assert run(*command, "--files", clean, "--layer", "iw1-vh") == 1
    assert "clean.npy: holds one image, without a name" in capsys.readouterr().err
    assert run(*command, "--canonical", 1, "--layer", "iw1-vh") == 1
    assert "--layer belongs to --files or --stack" in capsys.readouterr().err


def test_inputs_are_not_drawn_over(tmp_path, rng, capsys):
    noisy, clean = tmp_path / "n.png", tmp_path / "c.npy"
    Image.fromarray(rng.integers(1, 255, (64, 64), np.uint8)).save(noisy)
    np.save(clean, np.ones((64, 64), np.float32))
    before = noisy.read_bytes()
    assert run("compare", noisy, clean, "--output", noisy, "--overwrite") == 1
    assert "n.png: is compared" in capsys.readouterr().err
    assert noisy.read_bytes() == before
    same = tmp_path / "s.npy"
    assert run("simulate", "--output", same, "--reference", same) == 1
    assert "give scene and reference a name each" in capsys.readouterr().err
    assert not same.exists()


def test_a_scene_is_compared_in_its_middle_or_where_asked(tmp_path, rng, capsys):
    shape = 1300, 60
    noisy, clean, picture = (tmp_path / n for n in ("n.npy", "c.npy", "f.png"))
    np.save(noisy, rng.exponential(size=shape).astype(np.float32))
    levels = np.ones(shape, np.float32)
    levels[:138] = levels[1162:] = 2  # Around the middle 1024 rows.
    np.save(clean, levels)
    command = ["compare", noisy, clean, "--output", picture, "--overwrite"]
    assert not run(*command)
    printed = capsys.readouterr().out
    assert "of 1300 x 60 pixels --region 138:1162,0:60" in printed
    middle = np.load(noisy)[138:1162].mean()
    assert f"mean of the ratio image {middle:.3f}" in printed
    assert not run(*command, "--region", "0:100,10:50")
    printed = capsys.readouterr().out
    corner = np.load(noisy)[:100, 10:50].mean() / 2
    assert f"--region 0:100,10:50\nmean of the ratio image {corner:.3f}" in printed
    assert not run(*command, "--region", "0:1300,0:60")
    assert "--region" not in capsys.readouterr().out
    assert run(*command, "--region", "1200:1301,0:60") == 1
    assert "lies not in an image of 1300 x 60" in (capsys.readouterr().err)
    levels[:10] = np.nan
    np.save(clean, levels)
    assert run(*command, "--region", "0:10,0:60") == 1
    assert "c.npy: holds no data there; choose another --region" in (
        capsys.readouterr().err
    )
