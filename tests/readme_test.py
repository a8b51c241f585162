"""What README and docs say runs, and what they point to exists."""

import dataclasses
import functools
import operator
import os
import pathlib
import re
import subprocess
import sys

import jax
import numpy as np
import pytest

from configs import base
from pgd2jax import data

REPOSITORY = pathlib.Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text()
PAGES = ("README.md", "docs/data.md", "tfds_sar/sar_despeckle/README.md")


def blocks_of(page):
    text = (REPOSITORY / page).read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


DATA_BLOCKS = blocks_of("docs/data.md")
PAGE_ON_SCENES = (REPOSITORY / "docs/scenes.md").read_text()
SCENE_BLOCKS = blocks_of("docs/scenes.md")
PAGE_ON_EVALUATION = (REPOSITORY / "docs/evaluation.md").read_text()


LINKING = [
    *PAGES,
    "docs/ablations.md",
    "docs/evaluation.md",
    "docs/method.md",
    "docs/training.md",
]


@pytest.mark.parametrize("page", LINKING)
def test_links_and_pictures_exist(page):
    text = (REPOSITORY / page).read_text()
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text)
    assert targets
    folder = (REPOSITORY / page).parent
    missing = [target for target in targets if not (folder / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", LINKING)
def test_links_lead_to_headings_that_exist(page):
    path = REPOSITORY / page
    for target, anchor in re.findall(
        r"\]\((?!https?:)([^)#]*)#([^)]+)\)", path.read_text()
    ):
        text = (path.parent / target if target else path).read_text()
        headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
        anchors = {
            re.sub(r"[^\w -]", "", h).replace(" ", "-").lower() for h in headings
        }
        assert anchor in anchors, f"{target}#{anchor}"


PAGE_ON_TRAINING = (REPOSITORY / "docs/training.md").read_text()


def test_named_configurations_and_make_targets_exist():
    for name in re.findall(r"configs/\w+\.py", README + PAGE_ON_TRAINING):
        assert (REPOSITORY / name).exists()
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}: " in makefile


def test_named_settings_exist():
    names = re.findall(r"--config\.([\w.]+)=", README + PAGE_ON_TRAINING)
    names += re.findall(r"`((?:train|data|optimiser)\.\w+)`", PAGE_ON_TRAINING)
    known = base.get_config()
    assert len(names) > 20
    for name in names:
        if not name.isupper():  # GROUP.NAME
            functools.reduce(operator.getitem, name.split("."), known)


def test_page_on_training_names_every_source():
    table = PAGE_ON_TRAINING.split("| source | pairs |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = set(re.findall(r"`(\w+)[-.`]", " ".join(rows)))
    assert named == {*data.SOURCES, "simulated_", "stack"}


@pytest.mark.parametrize("page", PAGES[1:])
def test_features_are_listed(page):
    from tfds_sar.sar_despeckle import tile

    table = (REPOSITORY / page).read_text().split("| feature |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(tile.features())


def test_python_blocks_compile():
    blocks = blocks_of("README.md")
    assert len(blocks) == 3
    for block in blocks:
        compile(block, "README.md", "exec")


def environment():
    """Returns that of this process, with its compilation cache."""
    cache = {"JAX_COMPILATION_CACHE_DIR": jax.config.jax_compilation_cache_dir}
    return os.environ | cache


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_data_set):
    """Returns a folder with the data set in `data`, as README and docs call it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "data").symlink_to(tiny_data_set)
    return folder


@pytest.fixture(scope="module")
def tfrecords(folder):
    """Builds a few tiles as tfrecord in `data_tf`."""
    pytest.importorskip("tensorflow")
    from tfds_sar import build
    from tfds_sar.sar_despeckle import Builder

    config = Builder.builder_configs["simulated"]
    build.build(
        dataclasses.replace(config, count=20), folder / "data_tf", None, "tfrecord"
    )


@pytest.mark.parametrize("number", range(len(DATA_BLOCKS)))
def test_blocks_of_the_data_page_run(number, folder, request):
    block = DATA_BLOCKS[number]
    if "torch" in block:
        pytest.importorskip("torch")
    if "tfds.load(" in block:
        request.getfixturevalue("tfrecords")
    (folder / f"block{number}.py").write_text(block)
    subprocess.run(
        [sys.executable, f"block{number}.py"],
        cwd=folder,
        env=environment(),
        check=True,
    )


@pytest.mark.parametrize("number", range(len(SCENE_BLOCKS)))
def test_blocks_of_the_page_on_scenes_run(number, tmp_path, rng):
    block = SCENE_BLOCKS[number]
    parts = rng.normal(size=(2, 128, 150))
    np.save(tmp_path / "slc.npy", parts[0] + 1j * parts[1])
    if "onnx" in block:
        pytest.importorskip("onnxruntime")
    for command in re.findall(r"^pgd2jax (export .*)$", PAGE_ON_SCENES, re.M):
        if command.split()[2] in block:
            subprocess.run(
                [sys.executable, "-m", "pgd2jax.cli", *command.split()],
                cwd=tmp_path,
                env=environment(),
                check=True,
            )
    (tmp_path / "block.py").write_text(block)
    subprocess.run(
        [sys.executable, "block.py"], cwd=tmp_path, env=environment(), check=True
    )


def test_blocks_of_the_page_on_evaluation_run(folder):
    options = "--data_dir data --scenes 2 --methods noisy,lee --output found"
    programs = [["-m", "pgd2jax.cli", "evaluate", *options.split()]]
    programs += [["-c", block] for block in blocks_of("docs/evaluation.md")]
    for program in programs:
        subprocess.run(
            [sys.executable, *program], cwd=folder, env=environment(), check=True
        )
    assert (folder / "spread.pdf").exists()


def test_page_on_evaluation_names_every_measure_and_method():
    from pgd2jax.evaluation import methods
    from pgd2jax.metrics.measures import CLASSES, MEASURES

    between = {f"bias_{name}" for name in CLASSES[1:-1]}  # "darkest to brightest".
    words = set(re.findall(r"`(\w+)`", PAGE_ON_EVALUATION))
    assert set(MEASURES) - between - {"s_per_mpixel"} <= words
    assert set(methods.names()) <= words


def test_data_set_is_read_with_tfds_alone(folder):
    program = (
        "import sys, tensorflow_datasets as tfds;"
        "tfds.data_source('sar_despeckle/simulated', data_dir='data')['train'][0];"
        "print([m for m in ('tensorflow', 'jax', 'pgd2jax', 'tfds_sar')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"
