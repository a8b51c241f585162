"""The evaluation that ends a training."""

import pathlib

import pgd2jax
from pgd2jax.evaluation import cases, methods, records, running
from pgd2jax.train import beginning

FOLDER = "evaluation"  # In the workdir.


def run(config, workdir: pathlib.Path, command: str) -> records.Evaluation:
    """Measures the best weights of a run on its test split.

    Args:
        config: As `configs/base.py` returns it; `evaluation` says how much.
        workdir: Folder of the run; the evaluation lies in its folder `evaluation`.
        command: That trained them.

    Returns:
        What was measured.

    Raises:
        ValueError: if a method is unknown, or the test split is empty.
    """
    chosen = list(config.evaluation.methods)
    compared = methods.create(chosen, pgd2jax.load(workdir))
    held_out = beginning.batches(config).source.held_out(
        "test", config.evaluation.tiles
    )
    scenes = cases.of_pairs(
        held_out, f"test split of {config.data.mix or config.data.source}"
    )
    ours = methods.OURS if methods.OURS in chosen else chosen[-1]
    made = records.about(command, scenes.title, chosen, ours, workdir.name)
    target = workdir / FOLDER
    with records.folder(target) as folder:

        def keep(case, estimates):
            records.write_scene(folder, case, estimates)

        records.write(folder, made, list(running.rows(scenes.scenes, compared, keep)))
    return records.read(target)
