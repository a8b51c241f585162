import numpy as np
import pytest

from pgd2jax.evaluation import records

METHODS = ("noisy", "lee", "pgd2net")


@pytest.fixture
def make(tmp_path):
    """Returns what makes an evaluation of so many scenes on disk."""

    def made(scenes=3, size=(40, 48), reference=True, names=None, methods=METHODS):
        rng = np.random.default_rng(0)
        folder = tmp_path / "evaluation"
        (folder / records.SCENES).mkdir(parents=True)
        rows = []
        for number in range(scenes):
            name = names[number] if names else f"scene-{number}"
            images = {
                method: rng.normal(-10, 3, size).astype(np.float16)
                for method in (*methods, *["reference"] * reference)
            }
            images["noisy"][:6, :6] = np.nan
            np.savez(folder / records.SCENES / f"{name}.npz", **images)
            for order, method in enumerate(methods):
                row = {"scene": name, "group": "white", "method": method, "looks": 1.0}
                row |= {"seed": None, "s_per_mpixel": 0.1, "enl": 1.0 + order}
                if reference:
                    row |= {"rmse": 6.0 - 2 * order + number, "bias": -0.1 * order}
                rows.append(row)
        about = records.about(
            "pgd2jax evaluate --output x", "made up", list(methods), methods[-1], "none"
        )
        records.write(folder, about, rows)
        return records.read(folder)

    return made
