"""Texts of several words that no person is told: prompts, what others say, markup, names, formats for machines."""

SILENT = {
    "verify/checks/behaviour/generation.py": (
        "The capital of France is",
        "def add(a, b):\n",
    ),
    "verify/checks/behaviour/logits.py": (
        "The capital of France is Paris, and the capital of Italy is",
        "def mean(numbers):\n    return sum(numbers) / len(numbers)\n",
    ),
    "verify/checks/behaviour/tokenizers.py": (
        "Hello, I am a very serious person; isn't it? Don't we've they'll.",
        "def f(x):\n\treturn  x ** 2\r\n\n\n    # tail   ",
        "Hi there",
        "  What is 2 + 2?\n",
    ),
    "verify/checks/benchmark/energy.py": (
        "nvml gpu",
        "rapl package",
    ),
    "verify/checks/benchmark/forward.py": ("mlp {}x{}",),
    "verify/checks/benchmark/training_throughput.py": (
        "AdamW, fused",
        "Llama {}x{}",
    ),
    "verify/checks/functional/attention.py": (
        "No viable backend",
        "No available kernel",
        "(Triggered internally",
    ),
    "verify/checks/functional/dataloading.py": (
        "No space left",
        "Bus error",
        "unable to write to file",
        "unable to resize file",
    ),
    "verify/checks/functional/datasets.py": ("naïve café",),
    "verify/checks/functional/memory.py": (
        "out of memory",
        "can't allocate memory",
        "invalid buffer size",
        "unable to allocate",
        "maximum allowed",
    ),
    "verify/checks/functional/mlx.py": (
        (
            "array eval synchronize default_device random save_safetensors load value_and_grad get_pe"
            "ak_memory get_active_memory get_cache_memory clear_cache reset_peak_memory set_memory_li"
            "mit quantize dequantize compile"
        ),
        "Linear Module QuantizedLinear value_and_grad quantize losses",
        "tree_flatten tree_map tree_unflatten",
        "load generate stream_generate",
        "linear_to_lora_layers load_adapters",
    ),
    "verify/checks/functional/models.py": (
        "The storm tore the roof off the old barn last night.",
        "During the night, strong winds ripped away the top of the ancient barn.",
        "Interest on the loan is due in quarterly instalments.",
    ),
    "verify/checks/functional/quantization.py": (
        (
            "\nimport json, sys, torch\nvalues = torch.linspace(-2, 2, 401, device=sys.argv[1])\ntry:\n  "
            '  quantized = torch.quantize_per_tensor(values, 0.0125, 3, torch.qint8)\n    told = {"dev'
            'ice": quantized.device.type, "codes": quantized.int_repr().tolist()}\nexcept (NotImplemen'
            'tedError, RuntimeError) as error:\n    told = {"error": str(error).splitlines()[0]}\nprint'
            "(json.dumps(told))\n"
        ),
    ),
    "verify/checks/functional/tokenizers.py": ("Hello, I am a very serious person",),
    "verify/checks/models/adapters.py": (
        "The harbour master of Velmora is called",
        " Ottiline Brask, and she keeps seventeen grey herons.",
    ),
    "verify/checks/models/pretraining_run.py": ("Input type",),
    "verify/cli/key.py": ("Value error, ",),
    "verify/cli/monitor.py": ("memory clock",),
    "verify/cli/schemas.py": ("schemas/{}: {}",),
    "verify/cli/setup.py": ("--despite {}",),
    "verify/fleet/columns.py": ("Python {}",),
    "verify/fleet/inbox.py": ("Segmentation fault",),
    "verify/fleet/slurm.py": ("exit {}",),
    "verify/image/debian.py": ('FROM scratch\nADD base.tar /\nCMD ["/bin/sh"]\n',),
    "verify/judge/audit/counts.py": ("{} of {}",),
    "verify/judge/audit/identity.py": ("Apple {} ",),
    "verify/judge/audit/peak.py": ("{} to {}",),
    "verify/language/catalogue.py": (
        "timed out",
        "no oscillation",
        "memory efficient",
    ),
    "verify/monitor/apple.py": (
        "gpu temperature",
        "^GPU HW active frequency:\\s*([\\d.]+) MHz",
        "gpu {}",
        "In use system memory",
        "gpu utilisation",
    ),
    "verify/monitor/host.py": ("processor {}",),
    "verify/monitor/nvidia.py": ("gpu {} {}",),
    "verify/probe/check.py": ("level={} devices={} timeout_seconds={}",),
    "verify/probe/facts.py": (
        "macOS {}",
        "core id",
        "cpu family",
        "model name",
        "CPU part",
        "CPU implementer",
        "physical id",
    ),
    "verify/probe/worker.py": ("insufficient memory",),
    "verify/render/audit_junit.py": (
        "verify audit",
        "line {}: {}",
        "nothing was found",
    ),
    "verify/render/gate_junit.py": (
        "verify upgrade {}",
        "{} read by {}",
        "{} of {} passed",
        "too little is known: see what was skipped",
    ),
    "verify/render/html/dashboard.py": ("not judged",),
    "verify/render/html/drawing.py": (
        "M{} {}h{}v{}h{}z",
        "M0 {}l{} {}h{}z",
    ),
    "verify/render/html/templates.py": ("default-src 'none'; style-src '{}'{}; base-uri 'none'; form-action 'none'",),
    "verify/render/junit.py": ("verify {}",),
    "verify/render/markdown.py": ("not verified",),
    "verify/render/sarif.py": ("The sum: {}",),
    "verify/render/sbom.py": ("llm-verify {}",),
    "verify/render/text.py": ("known issue",),
    "verify/render/words.py": ("{} ns",),
    "verify/report/heads.py": ("{} in {}",),
    "verify/report/keys.py": (
        "compromised = {}, reason = {}",
        "revoked = {{ at = {}, {} }}",
    ),
    "verify/report/query.py": ("not authorized",),
    "verify/report/roofline.py": (
        "bound unknown",
        ", near peak",
    ),
    "verify/serve/guard.py": (
        (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action"
            " 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    "verify/serve/jobs.py": (
        "id: {}\ndata: {}\n\n",
        ": still here\n\n",
    ),
    "verify/serve/pages.py": ("{}; frame-ancestors 'none'",),
    "verify/spec/environment.py": (
        "Installed memory in decimal gigabytes.",
        "Apple's exact brand strings; empty for any.",
        "NVIDIA GPUs that must be there.",
        "The file's name.",
        "SHA-256 of the file's bytes.",
        "What is installed: a file of envs/platforms/.",
        "The devices that are promised to compute.",
        "Whether the class is used from inside a container.",
    ),
    "verify/spec/licences.py": ("osi approved",),
    "verify/spec/lock.py": (
        (
            "# Every package of {}, pinned and hashed. Made by `nox -s lock-{}`: never by hand.\n# sou"
            "rce sha256: {}\n# body sha256: {}\n"
        ),
        (
            "# Every package of ([a-z0-9_-]+), [^\\n]*\\n# source sha256: ([0-9a-f]{64})\\n# body sha256"
            ": ([0-9a-f]{64})\\n"
        ),
    ),
    "verify/spec/platform.py": (
        "The Python it runs.",
        "uv's name of the platform that wheels must fit.",
        "The oldest macOS.",
        "Free decimal gigabytes a set-up needs.",
        "What is wanted directly.",
        "Packages wanted without what they ask for.",
    ),
    "verify/spec/resolve.py": ("No solution found",),
    "verify/spec/toml.py": (" \\(at line (\\d+), column \\d+\\)",),
    "verify/spec/uv.py": ("Hash mismatch",),
}
