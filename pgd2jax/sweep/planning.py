"""What the command line of a sweep asks for."""

import itertools
import pathlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SHORT = {"width": "model.features"}  # Names that a specification may use.


class SweepError(ValueError):
    """A specification that cannot be expanded; the message names the mend."""


class Run(NamedTuple):
    """One combination of the values.

    Attributes:
        values: By name, both as the user wrote them.
        flags: The command line of the run, without the program and its workdir.
    """

    values: dict[str, str]
    flags: list[str]

    @property
    def name(self) -> str:
        """The folder of the run, such as "seed=0,width=8"."""
        return ",".join(f"{name}={value}" for name, value in self.values.items())


class Plan(NamedTuple):
    """What a command line asks for.

    Attributes:
        argv: The command line with a flag for each value: of a single run, its own.
        runs: One without a sweep; none without a configuration.
        folder: Of the runs, unless the user names one.
    """

    argv: list[str]
    runs: list[Run]
    folder: str = ""


def config_flag(argv: Sequence[str]) -> tuple[slice, str] | None:
    """Returns where `--config` stands in a command line, and what it names.

    None without any, or where nothing follows it.
    """
    for index, flag in enumerate(argv):
        name, equals, given = flag.partition("=")
        if name not in ("-config", "--config"):
            continue
        if equals:
            return slice(index, index + 1), given
        if argv[index + 1 :]:
            return slice(index, index + 2), argv[index + 1]
    return None


def plan(argv: Sequence[str]) -> Plan:
    """Expands `--config FILE:SPECIFICATION` of a command line.

    Args:
        argv: Program and flags.

    Raises:
        SweepError: if a value or a name is missing or given twice.
    """
    argv = list(argv)
    found = config_flag(argv)
    if found is None:
        return Plan(argv, [])
    place, given = found
    before, after = argv[: place.start], argv[place.stop :]
    config, changes = _read(given)
    _check_flags([*before, *after], changes)

    def command(values: Iterable[tuple[str, str]]) -> list[str]:
        overrides = [f"--config.{_field(name)}={value}" for name, value in values]
        return [*before, f"--config={config}", *overrides, *after]

    runs = []
    for chosen in itertools.product(*changes.values()):
        values = dict(zip(changes, chosen, strict=True))
        runs.append(Run(values, command(values.items())[1:]))
    every = [(name, value) for name, values in changes.items() for value in values]
    file, _, own = config.partition(":")
    parts = [pathlib.Path(file).stem, *filter(None, own.split("/")), "sweep"]
    return Plan(command(every), runs, f"runs/{'-'.join(parts)}")


def _field(name: str) -> str:
    """Returns the dotted name in the configuration."""
    return SHORT.get(name, name)


def _read(given: str) -> tuple[str, dict[str, list[str]]]:
    """Returns what the configuration file gets, and the values by name."""
    file, colon, specification = given.partition(":")
    if not colon:
        return given, {}
    own, changes = [], {}
    # Commas in brackets are a tuple's.
    for item in re.split(r",(?![^(]*\))", specification):
        name, equals, listed = (part.strip() for part in item.partition("="))
        if not item.strip() or (equals and not name):
            raise SweepError(
                f"{given!r} lacks a name; write FILE:NAME=VALUE, with a comma between "
                "two of them."
            )
        if not equals:
            own.append(item)
            continue
        values = [value.strip() for value in listed.split("/")]
        if not all(values):
            raise SweepError(
                f"{item!r} lacks a value; write {name}=VALUE or {name}=VALUE/VALUE, "
                f"and a value that holds a slash as --config.{name}=VALUE."
            )
        if len(set(values)) < len(values):
            raise SweepError(f"{item!r} holds a value twice; leave one of them out.")
        if _field(name) in map(_field, changes):
            raise SweepError(
                f"{given!r} gives {_field(name)} twice; write it once, with / between "
                "its values."
            )
        changes[name] = values
    return ":".join([file, *([",".join(own)] if own else [])]), changes


def _check_flags(flags: Iterable[str], changes: Iterable[str]) -> None:
    """Checks that no flag changes what the specification changes."""
    for flag in flags:
        found = re.match(r"--?(?:no)?config\.([^=]+)", flag)
        if found and found[1] in map(_field, changes):
            raise SweepError(
                f"{found[1]} is given behind the colon of --config and by {flag}; "
                "leave one of them out."
            )
