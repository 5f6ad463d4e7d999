"""The fixture `shouwang`: everything running, started once per test file, stopped whatever happens."""
import os
import pathlib
import shutil
import tempfile

import pytest

import shouwang as whole


@pytest.fixture(scope="module")
def folder(request):
    """A folder for the file's processes; kept when a test of it failed."""
    parent = pathlib.Path(os.environ.get("SW_TEST_DIR", whole.ROOT / "build/run"))
    parent.mkdir(parents=True, exist_ok=True)
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{request.module.__name__.removeprefix('test_')}-", dir=parent))
    failed_before = request.session.testsfailed
    yield path
    if request.session.testsfailed == failed_before:
        shutil.rmtree(path)
    else:
        print(f"\nkept: {path}")


@pytest.fixture(scope="module")
def shouwang(folder):
    running = whole.start(folder)
    yield running
    killed = running.stop()
    assert not killed, f"did not end by themselves: {killed}"
