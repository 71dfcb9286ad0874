"""Saying things in a language."""

import subprocess
import sys
import threading

from verify.language.speech import LANGUAGES, TAGS, each, later, reworded, say, speaking, spoken


def test_english_is_spoken_where_nothing_was_chosen() -> None:
    assert spoken() == "en"
    assert say("{} of {} checks passed", 3, 4) == "3 of 4 checks passed"
    assert reworded("mlx is not installed") == "mlx is not installed"


def test_chinese_is_spoken_inside_of_its_block_only() -> None:
    with speaking("zh"):
        assert say("{} of {} checks passed", 3, 4) == "4 项检查中 3 项通过"
        assert reworded("mlx is not installed") == "mlx 没有安装"
        with speaking("en"):
            assert say("machine") == "machine"
        assert each("machine", "", "lock") == ("机器", "", "锁文件")
    assert say("machine") == "machine"


def test_what_a_machine_reads_stays_english() -> None:
    @speaking("en")
    def render() -> str:
        return say("machine")

    with speaking("zh"):
        assert render() == "machine"


def test_a_constant_is_said_where_it_is_used() -> None:
    constant = later("machine")
    with speaking("zh"):
        assert (constant, say(constant)) == ("machine", "机器")


def test_a_text_that_the_catalogue_lacks_is_said_in_english() -> None:
    with speaking("zh"):
        assert say("no such {} anywhere", "text") == "no such text anywhere"


def test_what_is_filled_in_is_never_translated() -> None:
    with speaking("zh"):
        assert say("{}, machine {}", "machine", "lock") == "machine，机器 lock"
        assert say("device {}", "{0.__class__}") == "设备 {0.__class__}"


def test_a_thread_begins_in_english() -> None:
    heard: list[str] = []
    with speaking("zh"):
        thread = threading.Thread(target=lambda: heard.append(spoken()))
        thread.start()
        thread.join()
    assert heard == ["en"]


def test_every_language_has_a_tag() -> None:
    assert TAGS.keys() == set(LANGUAGES)


def test_in_english_no_catalogue_is_read() -> None:
    program = (
        "import sys; from verify.cli.main import main\n"
        "try: main(['--lang', 'en', '--help'])\n"
        "except SystemExit: print([name for name in sys.modules if name.startswith('verify.language.')])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (
        ended.stdout.splitlines()[-1] == "['verify.language.speech', 'verify.language.width', 'verify.language.choice']"
    )
