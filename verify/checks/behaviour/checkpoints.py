"""Can a training that another version began be ended?"""

from verify.checks.behaviour.exchange import exchange_of, reading
from verify.checks.behaviour.gaps import compare_losses, compare_ways, fall_of, require_learnt, widest_gap
from verify.checks.behaviour.tiny_models import load
from verify.checks.behaviour.tiny_runs import (
    FALL,
    MODEL,
    SAVED_AT,
    make_material,
    rows_of,
    trained_by_trainer,
    weights_of,
)
from verify.checks.behaviour.training import LOSS_WITHIN, MOVED_WITHIN
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context, Note

# So that the losses depend on the random state as well.
DROPOUT = 0.1
RUN = "run"


@check(needs=["torch", "transformers", "accelerate", "safetensors"], devices=["cpu", "cuda", "mps"])
def a_checkpoint_is_resumed_as_if_never_stopped(ctx: Context) -> None:
    """A Trainer's checkpoint that another environment saved goes on as a run that was never stopped, there or here.

    Weights, moments, schedule, random state or the place in the data did not survive: let runs that are under way end
    before the upgrade. Where the Trainer differs between the two from its first step, it may be that alone.
    """
    device, exchange = ready(ctx), exchange_of(ctx, a_checkpoint_is_resumed_as_if_never_stopped)
    material = exchange.material(lambda folder: make_material(folder, ctx.seed, attention_dropout=DROPOUT))
    rows, model = rows_of(material), load(material / MODEL).to(device)
    start = weights_of(model)
    losses = trained_by_trainer(ctx, model, rows, exchange.left / RUN)
    exchange.leave("losses", losses)
    exchange.leave_tensors("ended", weights_of(model))
    require_learnt(ctx, losses, FALL)
    resumed, checkpoint = load(material / MODEL).to(device), exchange.place_of(RUN) / f"checkpoint-{SAVED_AT}"
    with reading(f"the checkpoint of step {SAVED_AT}"):
        continued = trained_by_trainer(ctx, resumed, rows, ctx.scratch / RUN, resume=checkpoint)
    # Against that of the two which it is nearer to: where a loss is told otherwise, the run goes on as one would here.
    runs = {"there": (exchange.found("losses"), exchange.found_tensors("ended")), "here": (losses, weights_of(model))}
    gaps = {where: widest_gap(continued, run[SAVED_AT:]) for where, (run, _) in runs.items()}
    where = min(gaps, key=lambda name: gaps[name])
    whole, ended = runs[where]
    conditions: dict[str, Note] = {"resumed_after": SAVED_AT, "as_the_run": where}
    compare_losses(ctx, continued, whole[SAVED_AT:], LOSS_WITHIN * fall_of(whole), conditions)
    compare_ways(ctx, weights_of(resumed), ended, start, MOVED_WITHIN)
