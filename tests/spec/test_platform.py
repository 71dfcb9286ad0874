from pathlib import Path

import pytest

from verify.errors import UsageError
from verify.probe.package_name import normalised
from verify.spec.platform import load_platform, package_of, platform_names

OURS = Path(__file__).resolve().parents[2]


def test_every_platform_of_this_project_has_the_same_torch() -> None:
    platforms = [load_platform(OURS, name) for name in platform_names(OURS)]
    torches = {word for platform in platforms for word in platform.requirements if word.startswith("torch")}
    assert torches == {"torch==2.13.0", "torch==2.13.0+cpu"}


def test_macos_says_how_old_it_may_be() -> None:
    assert load_platform(OURS, "macos-arm64").macos == "14.0"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"3.11"', '"3.9"'), "box.toml:2: `python`"),
        (('"3.11"', "3.11"), "box.toml:2: `python`"),
        (('"numpy"', '"numpy @ https://x.invalid/y.whl"'), "is not a package name"),
        (('"numpy"', '"--index-url=https://x.invalid"'), "is not a package name"),
        (('"numpy"', '"./numpy"'), "is not a package name"),
        (('"numpy"', '"numpy; x"'), "is not a package name"),
        (('["torch==2.0", "numpy"]', "[]"), "box.toml:5: `requirements`"),
        (("python =", "pyhton ="), "`pyhton` is not a key here"),
    ],
)
def test_a_wrong_platform_is_refused_with_its_line(project: Path, change: tuple[str, str], said: str) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(UsageError) as caught:
        load_platform(project, "box")
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "http://x.invalid/",
        "https://user:secret@x.invalid/",
        "https://x.invalid/?a=b",
        "file:///x",
        "https://x.invalid/ y",
    ],
)
def test_an_index_is_a_plain_https_address(project: Path, url: str) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text() + f'[[indexes]]\nurl = "{url}"\npackages = ["torch"]\n')
    with pytest.raises(UsageError, match=r"box\.toml:7: `indexes\.url`"):
        load_platform(project, "box")


@pytest.mark.parametrize(
    "more",
    ['ignore_dependencies_of = ["pandas"]', '[[indexes]]\nurl = "https://x.invalid/"\npackages = ["pandas"]'],
)
def test_a_word_about_a_package_that_is_not_required_is_refused(project: Path, more: str) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text() + more + "\n")
    with pytest.raises(UsageError, match="'pandas' is not among the requirements"):
        load_platform(project, "box")


def test_an_unknown_platform_gets_a_suggestion(project: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_platform(project, "bax")
    assert caught.value.hint == "did you mean `box`?"


@pytest.mark.parametrize("word", ["Torch_X.y", "torch-x-y[a,b]==2.0", "torch.x.y>=1,<2"])
def test_packages_are_compared_by_their_normal_name(word: str) -> None:
    assert package_of(word) == normalised("torch-x-y")
