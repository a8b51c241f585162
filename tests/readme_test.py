"""The README's code is what the tests run, and its files exist."""

import pathlib
import re

REPOSITORY = pathlib.Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text()


def test_links_and_pictures_exist():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(targets) >= 5
    missing = [target for target in targets if not (REPOSITORY / target).exists()]
    assert not missing


def test_named_configurations_and_make_targets_exist():
    for name in re.findall(r"configs/\w+\.py", README):
        assert (REPOSITORY / name).exists()
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}: " in makefile


def test_python_blocks_compile():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        compile(block, "README.md", "exec")
