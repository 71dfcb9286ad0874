"""Variables of a shell (fault 71): none that steers, and none that holds a secret, reaches a check."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.spec.interpreter import with_hub, worker_variables
from verify.spec.uv import uv_environment

# All that a check may see: what is set for it, and what a machine cannot do without.
LISTED = {
    *("HOME", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PATH", "VIRTUAL_ENV", "LANG", "LC_ALL"),
    *("PYTHONNOUSERSITE", "PYTHONUTF8", "TOKENIZERS_PARALLELISM"),
    *("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"),
}
STEERING = {
    "PYTHONPATH": "/evil", "PYTHONSTARTUP": "/evil.py", "PYTHONHOME": "/evil", "LD_PRELOAD": "/evil.so",
    "DYLD_INSERT_LIBRARIES": "/evil", "HF_TOKEN": "secret", "AWS_SECRET_ACCESS_KEY": "secret", "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", "HTTPS_PROXY": "http://evil",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",
    "VERIFY_KEY_PASSPHRASE": "secret", "GITHUB_TOKEN": "secret", "BASH_ENV": "/evil", "MALLOC_PERTURB_": "1",
}  # fmt: skip
BUILD = Path("/project/.environments/builds/x")


@given(st.dictionaries(st.sampled_from([*STEERING, *LISTED]) | st.text(min_size=1), st.text()))
def test_a_worker_is_handed_what_is_listed_and_nothing_else(shell: dict[str, str]) -> None:
    handed = worker_variables(BUILD, shell)
    assert set(handed) <= LISTED
    assert handed["HF_HUB_OFFLINE"] == handed["TRANSFORMERS_OFFLINE"] == "1"
    assert handed["PATH"].startswith(f"{BUILD}/bin:")


def test_no_secret_of_a_shell_reaches_a_worker() -> None:
    assert "secret" not in worker_variables(BUILD, STEERING).values()


@pytest.mark.parametrize("name", ["VERIFY_KEY_PASSPHRASE", "GITHUB_TOKEN", "LD_PRELOAD", "PYTHONPATH", "BASH_ENV"])
def test_what_may_ask_the_hub_is_handed_the_hubs_own_and_no_more(name: str) -> None:
    handed = with_hub(worker_variables(BUILD, STEERING), STEERING)
    assert name not in handed
    assert "HF_TOKEN" in handed


def test_what_installs_is_not_steered_to_another_python() -> None:
    assert not {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"} & set(uv_environment(STEERING))
