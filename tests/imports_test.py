import ast
import pathlib
import subprocess
import sys

import pytest

REPOSITORY = pathlib.Path(__file__).parent.parent

# A package imports of ours only what stands in a line before its own.
ORDER = [
    {
        "pgd2jax.sar",
        "pgd2jax.raster",
        "pgd2jax.compilation",
        "pgd2jax.devices",
        "pgd2jax.items",
        "pgd2jax.memory",
        "pgd2jax.pipelines",
        "pgd2jax.signals",
        "pgd2jax.streams",
    },
    {"pgd2jax.metrics", "pgd2jax.models", "tfds_sar"},
    {"pgd2jax.losses", "pgd2jax.configuration"},
    {"pgd2jax.checkpoints", "pgd2jax.data"},
    {"pgd2jax.infer"},
    {"pgd2jax.train"},
    {"pgd2jax"},
    {"pgd2jax.evaluation"},
    {"pgd2jax.report", "pgd2jax.sweep"},
    {"pgd2jax.main", "pgd2jax.cli"},
]


def package_of(module):
    """Returns the name in ORDER that a dotted name belongs to, or None."""
    parts = module.split(".")
    if parts[0] == "tfds_sar":
        return "tfds_sar"
    if parts[0] != "pgd2jax":
        return None
    return ".".join(parts[:2])


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {
                f"{node.module}.{alias.name}"
                if node.module == "pgd2jax"
                else node.module
                for alias in node.names
            }
    return names


def modules():
    for folder in ("pgd2jax", "tfds_sar"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            if not path.name.endswith("_test.py"):
                name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
                yield name.removesuffix(".__init__"), path


def test_imports_point_one_way():
    rank = {name: index for index, names in enumerate(ORDER) for name in names}
    wrong = []
    for module, path in modules():
        own = package_of(module)
        for name in imported(path):
            other = package_of(name)
            # `import pgd2jax` and names of it are its __init__.
            other = other if other in rank or other is None else "pgd2jax"
            if other and other != own and rank[other] >= rank[own]:
                wrong.append(f"{module} imports {name}")
    assert not wrong


@pytest.mark.parametrize("module", ["pgd2jax", "pgd2jax.train.loop", "pgd2jax.cli"])
def test_import_needs_no_tensorflow_beam_or_tfds(module):
    program = (
        f"import sys, {module};"
        "print([m for m in ('tensorflow', 'apache_beam', 'tensorflow_datasets')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
