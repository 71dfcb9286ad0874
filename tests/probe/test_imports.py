import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from verify.probe.imports import import_for_good


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """What these tests freeze is garbage again for all others."""
    yield
    gc.unfreeze()


def test_nobody_looks_for_garbage_while_modules_are_imported_nor_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "framework_for_good.py").write_text("import gc\nCOLLECTING = gc.isenabled()\n")
    monkeypatch.syspath_prepend(tmp_path)
    import_for_good(["framework_for_good"])
    import framework_for_good  # type: ignore[import-not-found]

    assert not framework_for_good.COLLECTING
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    assert all(framework_for_good is not tracked for tracked in gc.get_objects())


def test_garbage_is_collected_again_after_a_module_that_cannot_be_imported() -> None:
    with pytest.raises(ImportError, match="no_such_framework"):
        import_for_good(["no_such_framework"])
    assert gc.isenabled()
