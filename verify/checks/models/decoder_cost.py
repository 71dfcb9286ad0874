"""What a decoder such as Llama costs by formula: its parameters, and the operations and bytes of a pass."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DecoderCost:
    """A decoder without biases whose head is its embedding, with grouped heads and a gated feed-forward.

    Attributes:
        layers: Blocks.
        width: Of the embeddings.
        inner: Width of the feed-forward.
        heads: Of queries.
        groups: Heads of keys and of values.
        vocabulary: Tokens there are.
    """

    layers: int
    width: int
    inner: int
    heads: int
    groups: int
    vocabulary: int

    @property
    def head_width(self) -> int:
        """Of a query, a key or a value."""
        return self.width // self.heads

    @property
    def multiplied(self) -> int:
        """The parameters of all blocks that multiply a token: queries, keys, values, outputs, and three matrices."""
        attention = self.width * self.head_width * 2 * (self.heads + self.groups)
        return self.layers * (attention + 3 * self.width * self.inner)

    @property
    def head(self) -> int:
        """The parameters of the head, which are those of the embedding."""
        return self.vocabulary * self.width

    @property
    def parameters(self) -> int:
        """All of them: two norms a block, and one after the last."""
        return self.multiplied + self.head + (2 * self.layers + 1) * self.width

    def flops(self, batch: int, tokens: int, *, before: int = 0, answers: int = 1) -> int:
        """Multiplications and additions of the products of a forward pass.

        Args:
            batch: Texts.
            tokens: That are read, of each text.
            before: Tokens whose keys and values are in the cache; each token sees them, itself, and those before it.
            answers: Tokens for which the head is computed.
        """
        pairs = tokens * before + tokens * (tokens + 1) // 2
        products = 2 * (tokens * self.multiplied + answers * self.head)
        return batch * (products + 4 * self.layers * self.width * pairs)

    def least_bytes(self, batch: int, tokens: int, *, before: int = 0, element: int = 4) -> int:
        """Weights are read once for all texts; keys and values of tokens before are read, those of the others written.

        What is between, logits included, may stay in a cache.
        """
        cache = 2 * self.layers * self.groups * self.head_width * batch * (before + tokens)
        return element * (self.parameters + cache)


def cost_of(config: Any) -> DecoderCost:
    """The cost of a model, by its configuration in transformers or its arguments in mlx-lm: both name them alike."""
    return DecoderCost(
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        inner=config.intermediate_size,
        heads=config.num_attention_heads,
        groups=config.num_key_value_heads,
        vocabulary=config.vocab_size,
    )
