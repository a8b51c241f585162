"""Standard input, output and error of a command."""

import os
import sys


def open_closed() -> None:
    """Has streams that a command was started without lead nowhere.

    Else what is opened next takes their number, and is written into by all that
    prints by number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
