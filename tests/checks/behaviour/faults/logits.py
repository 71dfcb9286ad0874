"""Models that compute a little otherwise than they did."""

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.checks.replaced import replaced

TINY = "behaviour/logits.the_same_weights_give_the_same_logits"
PRETRAINED = "behaviour/logits.the_pretrained_model_gives_the_same_logits"

CASES = [
    ("logits_a_thousandth_off", TINY, "cpu", "logit_gap is 0.001"),
    ("a_norm_of_another_eps", TINY, "cpu", "logit_gap"),
    ("a_mask_that_is_not_listened_to", TINY, "cpu", "logit_gap"),
    ("a_rotary_base_that_gets_lost", TINY, "cpu", "differing_likeliest_tokens"),
    ("an_activation_that_is_approximated", TINY, "cpu", "logit_gap"),
    ("logits_that_are_all_equal", TINY, "cpu", "the logits of gpt2 are all equal"),
    ("pretrained_logits_a_thousandth_off", PRETRAINED, "cpu", "logit_gap is 0.001"),
    ("pretrained_norms_that_are_rounded", PRETRAINED, "cpu", "logit_gap"),
    ("other_pretrained_weights", PRETRAINED, "cpu", "have other weights of the pretrained model"),
]


@contextmanager
def forward(kind: str, change: Any) -> Iterator[None]:
    """A model of transformers that hands its arguments and its answer through a change."""
    import transformers

    with replaced(getattr(transformers, kind), "forward", change):
        yield


def a_thousandth_more(exact: Any, *inputs: Any, **settings: Any) -> Any:
    answer = exact(*inputs, **settings)
    answer.logits = answer.logits + 1e-3
    return answer


@contextmanager
def logits_a_thousandth_off() -> Iterator[None]:
    with forward("Qwen2ForCausalLM", a_thousandth_more):
        yield


@contextmanager
def pretrained_logits_a_thousandth_off() -> Iterator[None]:
    with forward("LlamaForCausalLM", a_thousandth_more):
        yield


@contextmanager
def logits_that_are_all_equal() -> Iterator[None]:
    def equal(exact: Any, *inputs: Any, **settings: Any) -> Any:
        answer = exact(*inputs, **settings)
        answer.logits = answer.logits * 0
        return answer

    with forward("GPT2LMHeadModel", equal):
        yield


@contextmanager
def a_norm_of_another_eps() -> Iterator[None]:
    from torch.nn import functional

    def coarser(exact: Any, *inputs: Any) -> Any:
        return exact(*inputs[:-1], 2 * inputs[-1])

    with replaced(functional, "layer_norm", coarser):
        yield


@contextmanager
def a_mask_that_is_not_listened_to() -> Iterator[None]:
    def deaf(exact: Any, *inputs: Any, attention_mask: Any, **settings: Any) -> Any:
        return exact(*inputs, attention_mask=attention_mask * 0 + 1, **settings)

    with forward("BertForMaskedLM", deaf):
        yield


@contextmanager
def a_rotary_base_that_gets_lost() -> Iterator[None]:
    import transformers

    def forgetful(exact: Any, folder: Any, **settings: Any) -> Any:
        config = transformers.AutoConfig.from_pretrained(folder)
        config.rope_parameters = {**config.rope_parameters, "rope_theta": 10_000.0}
        return exact(folder, config=config, **settings)

    with replaced(transformers.Qwen2ForCausalLM, "from_pretrained", forgetful):
        yield


@contextmanager
def an_activation_that_is_approximated() -> Iterator[None]:
    from torch.nn import functional

    with replaced(functional, "gelu", lambda exact, states, **_: exact(states, approximate="tanh")):
        yield


@contextmanager
def pretrained_norms_that_are_rounded() -> Iterator[None]:
    from transformers.models.llama.modeling_llama import LlamaRMSNorm

    with replaced(LlamaRMSNorm, "forward", lambda exact, norm, states: exact(norm, states).half().float()):
        yield


@contextmanager
def other_pretrained_weights() -> Iterator[None]:
    from verify.checks.behaviour import logits

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        (Path(folder) / "model.safetensors").write_bytes(b"others")
        stack.enter_context(replaced(logits, "smollm2", lambda _exact, _ctx: Path(folder)))
        yield
