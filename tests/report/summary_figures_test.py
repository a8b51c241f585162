from pgd2jax.report import summary_figures


def names(tmp_path, evaluation):
    found = list(summary_figures.write(tmp_path, evaluation))
    assert all(path.stat().st_size for path in found)
    return [path.name for path in found]


def test_an_evaluation_has_four_figures(tmp_path, make):
    assert names(tmp_path, make()) == [
        "spread-rmse.pdf",
        "differences-rmse.pdf",
        "time-rmse.pdf",
        "gallery-scene-1.pdf",
    ]


def test_the_noisy_image_alone_is_shown(tmp_path, make):
    evaluation = make(reference=False, methods=("noisy",))
    assert names(tmp_path, evaluation) == ["gallery-scene-1.pdf"]
