"""The shapes that are shipped: each has exactly the parameters that its model is published with."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.checks.conftest import ROOT, Provisioned
from verify.checks.models import configs

PUBLISHED = {
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "llama-2-13b": 13_015_864_320,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "qwen2.5-0.5b": 494_032_768,
    "qwen2.5-1.5b": 1_543_714_304,
    "qwen2.5-3b": 3_085_938_688,
    "qwen2.5-7b": 7_615_616_512,
    "qwen2.5-14b": 14_770_033_664,
    "qwen2.5-32b": 32_763_876_352,
    "smollm2-135m": 134_515_008,
    "smollm2-360m": 361_821_120,
    "smollm2-1.7b": 1_711_376_384,
}
COUNT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from verify.checks.fit.recipe import skeleton
from verify.checks.models.configs import config_named, shipped
told = {}
for name in shipped():
    model = skeleton(config_named(name))
    rope = getattr(model.config, "rope_parameters", None)
    told[name] = [sum(weight.numel() for weight in model.parameters()), rope and rope["rope_theta"]]
print(json.dumps(told))
"""


@pytest.mark.environment
def test_every_shape_has_the_published_number_of_parameters(provisioned: Provisioned) -> None:
    words = [str(provisioned.python), "-P", "-c", COUNT, str(ROOT)]
    done = subprocess.run(words, env=provisioned.variables, check=True, capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout.splitlines()[-1])
    assert {name: count for name, (count, _) in told.items()} == PUBLISHED
    for name, (_, theta) in told.items():
        assert theta == configs.config_named(name).get("rope_theta")


def test_the_smaller_of_a_family_comes_first() -> None:
    names = configs.shipped()
    assert set(names) == set(PUBLISHED)
    for family in ("gpt2", "qwen2.5", "smollm2"):
        sizes = [PUBLISHED[name] for name in names if name.startswith(family)]
        assert sizes == sorted(sizes)


def test_a_model_is_found_by_name_folder_and_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    assert configs.config_named("Qwen2.5-14B")["hidden_size"] == 5120
    assert configs.config_named(str(tmp_path)) == configs.config_named(str(tmp_path / "config.json"))


def test_what_is_no_configuration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(LookupError, match="no model is called nonsense"):
        configs.config_named("nonsense")
    for text in ("{", "[]", "{}", '{"model_type": 3}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"config\.json is no"):
            configs.config_named(str(path))


def test_only_an_owner_and_a_name_are_of_the_hub(tmp_path: Path) -> None:
    assert configs.is_of_the_hub("Qwen/Qwen2.5-0.5B")
    assert not any(map(configs.is_of_the_hub, ("gpt2", str(tmp_path), "./model", "a/b/c")))


def test_the_longest_text_is_told_under_either_name() -> None:
    assert configs.longest_sequence(configs.config_named("gpt2")) == 1024
    assert configs.longest_sequence(configs.config_named("smollm2-135m")) == 8192
    assert configs.longest_sequence({"model_type": "made up"}) is None
