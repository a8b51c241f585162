import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from pgd2jax import streams
streams.open_closed()
with open(sys.argv[1], "w") as file:
    print("to the user")
    print("to the user", file=sys.stderr)
    os.write(2, b"by a library")
    print("result", file=file)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_nothing_is_written_into_what_takes_the_place_of_a_closed_stream(
    tmp_path, closed
):
    path = tmp_path / "result.txt"
    command = f'exec "$@" {closed}'
    subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-c", PROGRAM, path],
        capture_output=True,
        check=True,
    )
    assert path.read_text() == "result\n"
