"""Options of Beam pipelines."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any


def options(flags: Sequence[str]) -> Any:
    """Returns Beam's `PipelineOptions`.

    Args:
        flags: As on a command line, ["--runner=...", "--..."].

    Raises:
        ImportError: if Beam is not installed.
        ValueError: if no runner is named, as by a flag that is mistyped: Beam would do
            everything on this machine; or if a value does not fit.
    """
    from apache_beam.options import pipeline_options

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):  # All flags that there are.
            found = pipeline_options.PipelineOptions(list(flags))
            runner = found.get_all_options()["runner"]
    except SystemExit:
        why = said.getvalue().strip().rpartition("error: ")[2]
        raise ValueError(f"Beam's {' '.join(flags)!r}: {why}.") from None
    if not runner:
        raise ValueError(
            f"Beam's {' '.join(flags)!r} names no runner; for this machine write "
            "--runner=DirectRunner."
        )
    return found
