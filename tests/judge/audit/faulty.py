"""For each rule of the audit a document that it finds fault with, and nothing else does."""

from tests.judge.audit.documents import (
    claim,
    document,
    listed,
    log,
    losses,
    machine,
    moment,
    pinned,
    place,
    snippet,
    statement,
)
from tests.judge.audit.test_steady_state import two_runs
from verify.claims.claim import Arm, Document

# By the rule; where a rule has something else to say too, that follows in brackets.
FAULTY: dict[str, Document] = {
    "units.mixed": document(claim("memory_total", "64", "GB"), claim("memory_peak", "3.1", "GiB", line=2)),
    "trend.converged": document(logged=losses(4.0, 3.5, 3.0, 2.5, 2.0), statements=(statement("converged", line=9),)),
    "trend.flat": document(
        claim("loss_initial", "1.70"), claim("loss_final", "1.75"), statements=(statement("learned", line=9),)
    ),
    "trend.rise": document(
        logged=losses(4.0, 3.0, 3.2, 2.0), statements=(statement("no_oscillation", "loss", line=9),)
    ),
    "trend.uneven": document(logged=losses(4.0, 3.9, 2.5, 2.4, 1.0), statements=(statement("stable", "loss", line=9),)),
    "trend.generalises": document(logged=losses(3.0, 2.0, 1.0), statements=(statement("generalises", line=9),)),
    "peak.wording": document(
        claim("matmul_rate", "1310", "GFLOPS"),
        machines=(machine(chip="M1"),),
        statements=(statement("near_peak", line=9),),
    ),
    "peak.rising": document(
        *(
            claim("matmul_rate", told, "GFLOPS", size=size, line=line)
            for line, (size, told) in enumerate(((256, "900"), (512, "1500"), (1024, "1600")), 1)
        ),
        claim("matmul_rate", "1600", "GFLOPS", bound="peak", line=9),
        machines=(machine(chip="M1"),),
    ),
    "peak.mixed": document(
        claim("bandwidth", "55", "GB/s"),
        claim("bandwidth", "55", "GB/s", chip="M1", stated_as="estimated", line=2),
        claim("bandwidth", "200", "GB/s", chip="M2 Pro", stated_as="estimated", line=3),
        machines=(machine(chip="M1"),),
    ),
    "peak.rounded_up": document(
        claim("bandwidth", "51", "GB/s", line=2),
        claim("bandwidth", "62", "GB/s", chip="M1", stated_as="estimated", about=True, line=5),
        machines=(machine(chip="M1"),),
    ),
    "regularity.proportional": document(
        *(
            claim("duration", told, "s", device="cpu", model=model)
            for told, model in (("90", "x-0.5b"), ("270", "x-1.5b"), ("540", "x-3b"))
        )
    ),
    "regularity.ratios": document(
        *(
            claim(
                "duration", told, "s", line=10 * place, device=device, samples=samples, section=("Report", f"{place}")
            )
            for place, (pair, samples) in enumerate(
                zip((("100", "40"), ("250", "100"), ("700", "280")), (30, 70, 200), strict=True)
            )
            for device, told in zip(("cpu", "mps"), pair, strict=True)
        )
    ),
    "monotone.step_time": document(
        *(
            claim("training_rate", f"{rate}", "samples/s", batch=4 * 2**place)
            for place, rate in enumerate((1000, 4000, 6000))
        )
    ),
    "monotone.constant": document(
        *(
            claim("training_rate", f"{rate}", "samples/s", batch=4 * 2**place, line=place + 1)
            for place, rate in enumerate((1000, 1990))
        )
    ),
    "monotone.constant (functions)": document(
        *(
            claim("activation_time", time, "s", function=name)
            for name, time in zip(("relu", "gelu", "silu"), ("0.00101", "0.00102", "0.00100"), strict=True)
        )
    ),
    "monotone.time": document(
        claim("forward_time", "0.0030", "s", layers=2, hidden=64),
        claim("forward_time", "0.0020", "s", layers=8, hidden=256, line=2),
    ),
    "monotone.activation": document(
        claim("forward_time", "0.0030", "s", layers=8), claim("activation_time", "0.0040", "s", function="relu", line=2)
    ),
    "monotone.memory": document(
        *(
            part
            for name, parameters, peak in (("small", "50,000", "0.40"), ("large", "90,000,000", "0.38"))
            for part in (
                claim("parameters", parameters, section=("Report", name)),
                claim("memory_peak", peak, "GB", section=("Report", name)),
            )
        )
    ),
    "chance.not_learned": document(
        claim("classes", "10"), claim("loss_final", "2.31"), statements=(statement("learned", line=9),)
    ),
    "chance.far_above": document(claim("vocabulary", "1,000"), logged=losses(30.0, 25.0, 6.0, line=3)),
    "confound.arms": document(
        claim("slowdown", "2.0", "x"),
        arms=(
            Arm(place(1), "a", {"optimizer": "adamw", "precision": "fp32"}),
            Arm(place(2), "b", {"optimizer": "muon", "precision": "bf16"}),
        ),
        lines=("a", "b"),
    ),
    "confound.settings": document(
        claim("batch", "4", device="cpu"), claim("batch", "8", device="mps"), claim("speedup", "3.0", "x")
    ),
    "contradiction.failed_and_fine": document(
        enumerations=(listed("test", "mlx:mlx-"),), statements=(statement("works", "mlx", mark=True, line=8),)
    ),
    "contradiction.labelled": document(
        arms=(Arm(place(3), "tuned", {"flash_attention": "FA3", "precision": "bf16"}),),
        statements=(statement("integrated", "flash_attention", denied=True, line=20),),
    ),
    "contradiction.expectations": document(
        *(
            claim("speedup", "2", "x", high=high, line=line, stated_as="estimated")
            for line, high in ((1, "3"), (9, "6"))
        )
    ),
    "counts.listed": document(
        claim("tests_total", "4", kind="benchmark"),
        claim("tests_passed", "4", kind="benchmark"),
        enumerations=(listed("benchmark", "one", "two", "three"),),
    ),
    "counts.listed (stated)": document(
        enumerations=(listed("layers", "first", "second", "third", "output", stated=3),)
    ),
    "counts.outcomes": document(claim("tests_total", "9"), claim("tests_passed", "7"), claim("tests_failed", "1")),
    "counts.rate": document(
        claim("tests_total", "9"), claim("tests_passed", "7"), claim("pass_rate", "100", "%", kind="core", line=4)
    ),
    "counts.everything": document(
        statements=tuple(statement("works", about, line=5, every=True) for about in ("bf16", "compile")),
        arms=(Arm(place(1), "tuned", {"precision": "bf16", "compile": "on", "optimizer": "muon"}),),
    ),
    "identity.cores": document(machines=(machine(chip="M2", gpu_cores=19),)),
    "identity.memory": document(machines=(machine(gpu="NVIDIA L4", gpu_memory_gb=48.0),)),
    "identity.kernel": document(machines=(machine(kernel="Darwin 24.1.0", system="macOS"),)),
    "identity.chips": document(machines=(machine(chip="M1"), machine(2, chip="M1 Max"))),
    "identity.cuda": document(machines=(machine(cuda="12.8"), machine(2, cuda="12.4", cuda_is="build"))),
    "physics.above_datasheet": document(
        claim("bandwidth", "230", "GB/s", device="mps"), machines=(machine(chip="M2 Pro"),)
    ),
    "physics.marginal_bandwidth": document(
        *(
            claim("bandwidth", text, "GB/s", size=512 * 2**at, line=at + 1)
            for at, text in enumerate(("30.0", "117.0", "150.0"))
        ),
        machines=(machine(chip="M2 Pro"),),
    ),
    "physics.below_weights_read": document(
        claim("forward_time", "0.0050", "s", layers=24, hidden=1024, architecture="transformer"),
        claim("bandwidth", "150", "GB/s"),
        pinned=pinned(torch="2.16.0"),
    ),
    "physics.memory_below_weights": document(
        claim("parameters", "200,000,000"), claim("memory_peak", "0.60", "GB"), pinned=pinned(torch="2.16.0")
    ),
    "physics.memory_limit": document(
        claim("vocabulary", "32,000"),
        claim("hidden", "128"),
        claim("layers", "6"),
        claim("sequence_length", "256"),
        machines=(machine(gpu_memory_gb=24.0),),
        statements=(statement("memory_limited", line=9),),
    ),
    "recompute.value (rate)": document(
        claim("matmul_time", "0.00035", "s", size=700), claim("matmul_rate", "2400", "GFLOPS", size=700)
    ),
    "recompute.value (sum)": document(claim("sum", "26", formula="3 * 8")),
    "recompute.value (log)": document(
        logged=log(
            "run",
            {"step": 10, "tokens": 8000.0, "iteration_rate": 0.5, "token_rate": 400.0},
            {"step": 20, "tokens": 16100.0, "iteration_rate": 0.5, "token_rate": 405.0},
            {"step": 30, "tokens": 24000.0, "iteration_rate": 0.4, "token_rate": 400.0},
            rounding={"tokens": 1.0, "iteration_rate": 0.001, "token_rate": 0.1},
        )
    ),
    "recompute.saving": document(
        claim("trainable_parameters", "500,000"),
        claim("parameters", "99,500,000"),
        claim("total_parameters", "100,000,000"),
        claim("saving", "99.5", "%", whole="memory"),
    ),
    "recompute.scale": document(claim("alpha", "32.0"), claim("rank", "16"), claim("scale", "20.0")),
    "recompute.log": document(claim("loss_final", "0.9", line=9), logged=losses(3.0, 2.0, 1.0)),
    "recompute.log (tokens)": document(
        claim("tokens", "25,000", line=9),
        logged=log("run", {"step": 10, "tokens": 8000.0}, {"step": 20, "tokens": 24000.0}, rounding={"tokens": 1.0}),
    ),
    "snippets.syntax": document(snippets=(snippet("python", "x = 1\ny = = 2", line=10),)),
    "snippets.range": document(snippets=(snippet("python", "workers = 2-8  # as many as there are cores", line=10),)),
    "snippets.dropped_argument": document(
        snippets=(snippet("python", "out = net(ids, mask=mask)\n# fixed: now positional\nout = net(ids)", line=10),)
    ),
    "snippets.adapter_path": document(
        snippets=(snippet("bash", 'mlx_lm.generate --model "m" --adapter-path "out/adapters.safetensors"', line=4),)
    ),
    "snippets.no_such_effect": document(
        snippets=(snippet("bash", "export PYTORCH_ENABLE_MPS_FALLBACK=0", section=("How to disable MPS?",), line=4),)
    ),
    "untested.capability": document(
        enumerations=(listed("test", "adapters:lora"),),
        statements=(statement("supported", "qlora", mark=True, line=9),),
    ),
    "untested.still_to_do": document(
        enumerations=(listed("test", "a:lora"),),
        statements=(statement("ready", "qlora", mark=True, line=5), statement("planned", "qlora", line=9)),
    ),
    "untested.any_size": document(
        claim("parameters", "1,000"),
        enumerations=(listed("test", "a:lora"),),
        statements=(statement("any_size", line=9),),
    ),
    "untested.efficiency": document(
        claim("power", "20", "W", about=True), statements=(statement("power_efficient", line=9),)
    ),
    "untested.fallback": document(
        enumerations=(listed("test", "a:lora"),),
        statements=(
            statement("passed", "quantization", mark=False, line=5),
            statement("fallback", "quantization", line=9),
        ),
    ),
    "untested.still_to_measure": document(
        claim("speedup", "3.0", "x", device="mps"), statements=(statement("planned", "mps", line=9),)
    ),
    "combination": document(pinned=pinned(datasets="3.6.0"), machines=(machine(python="3.14"),)),
    "counts.dropped": document(
        claim("tests_total", "4", kind="functional"), claim("tests_passed", "4", kind="functional")
    ),
    "counts.versions": document(pinned=pinned(torch="2.10.0")),
    "carried.identical": document(
        *(claim("memory_peak", text, "GB", line=line) for line, text in enumerate(("0.4", "0.8", "1.3"), 1))
    ),
    "steady_state.flips": two_runs(20.0, 50000),
    "steady_state.advice": two_runs(20.0, 50000, ("300", "")),
    "hygiene": document(
        claim("loss_final", "0.5"),
        lines=("made on somehost", "in /home/somebody/x", "login (root/toor99)", "see out/REPORT_2031-05-06.md"),
        pinned=pinned(torch="2.x"),
    ),
    "hygiene (times)": document(
        claim("duration", "20", "s", epochs=3), lines=("a line",), moments=(moment("2031-05-06"),)
    ),
}
# What each is held against, where it is held against an earlier one.
EARLIER: dict[str, Document] = {
    "counts.dropped": document(claim("tests_total", "6"), claim("tests_passed", "4")),
    "counts.versions": document(pinned=pinned(torch="2.10.0", peft="0.18.1"), machines=(machine(python="3.13"),)),
    "carried.identical": document(
        *(claim("memory_peak", text, "GB", line=line) for line, text in enumerate(("0.41", "0.77", "1.32"), 1))
    ),
}
