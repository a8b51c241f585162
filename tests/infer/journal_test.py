import numpy as np

from pgd2jax.infer import journal


def test_a_row_that_was_cut_short_is_written_over(tmp_path):
    def begin():
        return journal.Journal(tmp_path / "clean.tif", (6, 3), {"weights": "a"})

    begin().add(np.full((2, 3), 1, np.float32))
    with open(tmp_path / ".clean.tif.rows", "ab") as file:
        file.write(b"cut")
    begin().add(np.full((1, 3), 2, np.float32))
    (rows,) = begin().finished()
    np.testing.assert_array_equal(rows, [[1] * 3, [1] * 3, [2] * 3])
