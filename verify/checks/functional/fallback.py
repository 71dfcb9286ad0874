"""Does training stay on the device, or does torch quietly compute parts of it on the CPU?"""

import os

from verify.checks.measures.fallback_ledger import ledger_of, train
from verify.checks.measures.memory_meter import meter_of
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context

# Of the forward and of the backward pass, under the names that they have on every device; dropout, attention and
# linear layers have others on each. A ledger that lacks one of these did not see the training.
EXPECTED = ("embedding", "native_layer_norm", "gelu", "nll_loss_forward", "gelu_backward", "embedding_dense_backward")
# A step makes several hundred calls; a dozen would be a ledger that saw only the beginning.
FEWEST_CALLS = 100


@check(needs=["torch"], devices=["mps"], timeout_seconds=240)
def no_training_operation_falls_back_to_the_cpu(ctx: Context) -> None:
    """No operation of training a small language model runs on the CPU although MPS was asked for.

    The named operations are copied to the CPU and back in every step: use another version of torch, or another
    operation; without PYTORCH_ENABLE_MPS_FALLBACK they end the run.
    """
    # Read when torch loads, and this process has not loaded it yet. An operation without an implementation then
    # falls back and says so; otherwise it would end the path at the first one, and the others would not be told.
    os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] = "1"
    ready(ctx)
    meter = meter_of(ctx.device)
    # Kernels are compiled at their first use, which is no share of training.
    train(ctx.device, ctx.seed)
    ledger = ledger_of(ctx.device, lambda: train(ctx.device, ctx.seed), meter.synchronise)
    seen = {name.removeprefix("aten::").partition(".")[0] for name in ledger.calls}
    ctx.note(attention=", ".join(sorted(name for name in seen if "attention" in name)) or "decomposed")
    missing = [name for name in EXPECTED if name not in seen]
    ctx.require(not missing, f"the ledger did not see {', '.join(missing)}")
    ctx.measure("calls", ledger.calls.total(), unit="1", direction="higher", at_least=FEWEST_CALLS)
    ctx.measure("share_of_time_fallen_back", ledger.share(ledger.fallen), unit="1")
    ctx.measure("share_of_time_elsewhere", ledger.share(ledger.elsewhere), unit="1")
    ctx.require(not ledger.told(), f"asked for {ctx.device}, but not there: {ledger.told()}")
