"""`pgd2jax report`: a page, and figures, on an evaluation."""

import argparse
import json
import pathlib

from pgd2jax import raster
from pgd2jax.evaluation import after_training, records


def add(commands) -> None:
    """Adds the command."""
    path = pathlib.Path
    sub = commands.add_parser("report", help="show an evaluation as one page")
    sub.add_argument(
        "folder", type=path, help="of pgd2jax evaluate --output, or of a training"
    )
    sub.add_argument("--output", type=path, help="the page [report.html in the folder]")
    sub.add_argument("--figures", type=path, metavar="DIR", help="figures as .pdf here")
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Writes the page, and figures if told."""
    # Matplotlib takes half a second to start.
    from pgd2jax.report import page, summary_figures

    trained = (args.folder / after_training.FOLDER / records.ROWS).is_file()
    folder = args.folder / after_training.FOLDER if trained else args.folder
    evaluation = records.read(folder)
    target = args.output or args.folder / "report.html"
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{target}: is a page; its name must end in .html.")
    raster.check_folder(target)
    scalars, config = args.folder / "scalars.csv", args.folder / "config.json"
    try:
        settings = json.loads(config.read_text()) if config.is_file() else None
    except ValueError as error:
        raise ValueError(
            f"{config}: is damaged ({error}); copy it again, or remove it."
        ) from error
    try:
        page.write(
            target,
            evaluation,
            scalars if scalars.is_file() else None,
            settings,
        )
    except (KeyError, IndexError, TypeError, AttributeError, StopIteration) as error:
        raise records.EvaluationError(
            f"{args.folder}: holds no whole evaluation ({error!r}); evaluate again."
        ) from error
    print(target)
    if args.figures:
        args.figures.mkdir(parents=True, exist_ok=True)
        for path in summary_figures.write(args.figures, evaluation):
            print(path)
