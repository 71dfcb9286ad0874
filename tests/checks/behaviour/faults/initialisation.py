"""Models and adapters that begin elsewhere, or anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.checks.replaced import replaced

WEIGHTS = "behaviour/initialisation.the_same_seed_gives_the_same_initial_weights"
ADAPTERS = "behaviour/initialisation.the_same_seed_gives_the_same_initial_adapters"

CASES = [
    ("an_initialiser_of_another_spread", WEIGHTS, "", "differing_weights"),
    ("layers_that_draw_their_bias_first", WEIGHTS, "", "differing_weights"),
    ("a_parameter_of_another_name", WEIGHTS, "", "bert has other weights: ['cls.bias'"),
    ("a_seed_that_is_not_set", WEIGHTS, "", "one seed gave two beginnings"),
    ("a_seed_that_is_always_the_same", ADAPTERS, "", "the seed is not used"),
    ("adapters_that_begin_wider", ADAPTERS, "", "differing_weights"),
]


@contextmanager
def an_initialiser_of_another_spread() -> Iterator[None]:
    import torch

    def wider(exact: Any, weight: Any, mean: float = 0.0, std: float = 1.0, **more: Any) -> Any:
        return exact(weight, mean, std * 1.01, **more)

    with replaced(torch.Tensor, "normal_", wider):
        yield


@contextmanager
def layers_that_draw_their_bias_first() -> Iterator[None]:
    import torch

    def bias_first(exact: Any, layer: Any) -> None:
        if layer.bias is not None:
            bound = layer.in_features**-0.5
            torch.nn.init.uniform_(layer.bias, -bound, bound)
        exact(layer)

    with replaced(torch.nn.Linear, "reset_parameters", bias_first):
        yield


@contextmanager
def a_parameter_of_another_name() -> Iterator[None]:
    import transformers

    def renamed(exact: Any, *inputs: Any, **settings: Any) -> Any:
        return {name.replace("predictions.bias", "bias"): each for name, each in exact(*inputs, **settings).items()}

    with replaced(transformers.BertForMaskedLM, "state_dict", renamed):
        yield


@contextmanager
def a_seed_that_is_not_set() -> Iterator[None]:
    import transformers

    with replaced(transformers, "set_seed", lambda _exact, _seed: None):
        yield


@contextmanager
def a_seed_that_is_always_the_same() -> Iterator[None]:
    import transformers

    with replaced(transformers, "set_seed", lambda exact, _seed: exact(0)):
        yield


@contextmanager
def adapters_that_begin_wider() -> Iterator[None]:
    from torch.nn import init

    with replaced(init, "kaiming_uniform_", lambda exact, weight, **_: exact(weight, a=1)):
        yield
