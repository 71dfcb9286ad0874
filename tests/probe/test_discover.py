from pathlib import Path

import pytest

from verify.probe.discover import Unreadable, find_checks, question

GOOD = '''
from verify.probe.check import check

@check(level="quick", devices=["cpu", "mlx"], needs=["torch"], timeout_seconds=7, optional=True)
def water_is_wet(ctx):
    """Water is wet.

    Look for
    a towel.
    """
'''


def own(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_check_of_ones_own_is_one_function_in_one_file(tmp_path: Path) -> None:
    own(tmp_path, "water.py", GOOD)
    (found,) = [check for check in find_checks([tmp_path]) if check.id.startswith("water.")]
    assert (found.id, found.title, found.advice) == ("water.water_is_wet", "Water is wet", "Look for a towel.")
    assert (found.terms.level, found.terms.devices, found.terms.needs) == ("quick", ("cpu", "mlx"), ("torch",))
    assert (found.terms.timeout_seconds, found.terms.optional) == (7.0, True)
    assert question(Path(found.source), "water_is_wet").__name__ == "water_is_wet"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def broken(:", "SyntaxError"),
        ("import no_such_package", "ModuleNotFoundError"),
        ("raise OSError('no')", "OSError"),
        ("from verify.probe.check import check\n@check()\ndef mute(ctx): pass", "needs a docstring"),
        (
            'from verify.probe.check import check\n@check()\ndef brief(ctx):\n    """Only a title."""',
            "advice on failure",
        ),
        ("from verify.probe.check import check\n@check(level='hard')\ndef f(ctx): pass", "ValueError"),
        ("from verify.probe.check import check\n@check(devices=['tpu'])\ndef f(ctx): pass", "tpu"),
        ("from verify.probe.check import check\n@check(timeout_seconds=1e12)\ndef f(ctx): pass", "timeout_seconds"),
        ("from verify.probe.check import check\n@check(needs=['mlx_lm'])\ndef f(ctx): pass", "mlx_lm"),
        ("1 / 0", "ZeroDivisionError"),
        ("from verify.probe.check import check\n@check(timeout_seconds=0)\ndef f(ctx): pass", "timeout_seconds"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    path = own(tmp_path, "bad.py", text)
    with pytest.raises(Unreadable, match=why) as error:
        find_checks([tmp_path])
    assert error.value.path == path


def test_a_file_whose_name_is_no_topic_is_refused(tmp_path: Path) -> None:
    own(tmp_path, "my-check.py", GOOD)
    with pytest.raises(Unreadable, match="letters, digits and _"):
        find_checks([tmp_path])


def test_two_checks_may_not_share_an_id(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    own(first, "water.py", GOOD)
    own(second, "water.py", GOOD)
    with pytest.raises(Unreadable, match="already defined"):
        find_checks([first, second])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="is neither a folder nor a Python file"):
        find_checks([tmp_path / "absent"])


def test_a_single_file_is_as_good_as_a_folder(tmp_path: Path) -> None:
    path = own(tmp_path, "water.py", GOOD)
    own(tmp_path, "broken.py", "def broken(:")
    assert [check.id for check in find_checks([path], suite=False)] == ["water.water_is_wet"]


def test_names_that_a_file_merely_imports_are_not_its_checks(tmp_path: Path) -> None:
    own(tmp_path, "water.py", GOOD)
    own(tmp_path, "copy.py", "from verify.probe.check import check as question")
    assert [check.id for check in find_checks([tmp_path]) if "water" in check.id] == ["water.water_is_wet"]
