"""The house as a whole: exported names, private names, and the layers."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import segue

ROOT = Path(segue.__file__).parent
MODULES = sorted(module.name for module in pkgutil.walk_packages([str(ROOT)], "segue."))
FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_every_exported_name_exists(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for exported in getattr(module, "__all__", ()):
        assert hasattr(module, exported), f"{name}.{exported}"


def test_the_package_exports_what_its_users_need() -> None:
    assert segue.__all__ == ["__version__", "open"]
    assert callable(segue.open)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_crosses_a_module(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            private = [alias.name for alias in node.names if alias.name.startswith("_") and alias.name[1] != "_"]
            assert not private, f"{path}: {private} from {node.module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_names_its_licence_first(path: Path) -> None:
    assert path.read_text("utf-8").startswith("# SPDX-License-Identifier: Apache-2.0\n")


def test_imports_point_down() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]
    done = subprocess.run(command, cwd=ROOT.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
