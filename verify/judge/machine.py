"""Rules about the machine and what is installed on it."""

from collections.abc import Iterator

from verify.judge.finding import error, warning
from verify.judge.policy import Policy
from verify.report import v3
from verify.report.fields import Closed
from verify.report.hygiene import leaks, may_tell_a_home
from verify.report.v2 import Finding

_GIGABYTE = 1e9
_FROM_A_WORKER = ("reason", "log", "notes", "measurements")
# Fields of a measurement that hold one of our own words, or a datasheet's.
_OURS = ("direction", "provenance", "percent_of_peak")


def promised_devices(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """Every device that the environment promises is there and computes."""
    seen = {device.name: device for device in report.facts.devices}
    for name in policy.requirements.devices:
        device = seen.get(name)
        why = (device.problem if device else None) or "no reason was given"
        if device is None or not device.available:
            built = "" if device is None or device.built else ", not even built in"
            yield error("devices.absent", name, f"promised by {report.environment.name}, not available{built}: {why}")
        elif not device.computes:
            yield error(
                "devices.do_not_compute", name, f"promised by {report.environment.name}, does not compute: {why}"
            )


def requirements(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """The machine is of the environment's class."""
    wants, facts = policy.requirements, report.facts
    pairs = (("system", wants.system, facts.system), ("architecture", wants.architecture, facts.architecture))
    for name, wanted, has in pairs:
        if wanted and wanted != has:
            yield error(f"requirements.{name}", name, f"{report.environment.name} is for {wanted}, this is {has}")
    if wants.chips and facts.processor.name not in wants.chips:
        message = f"{report.environment.name} is for {' or '.join(wants.chips)}, this is {facts.processor.name}"
        yield error("requirements.chip", "processor", message)
    yield from _memory(report, wants.memory_bytes)


def lock(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """The report is about the lock that there is."""
    if policy.lock_digest is not None and report.lock.digest != policy.lock_digest:
        message = "the lock changed: the report is about another set of packages"
        yield error("lock.drift", report.lock.name, message)


def times(report: v3.Report, _policy: Policy) -> Iterator[Finding]:
    """The run ended after it began."""
    if report.finished < report.created:
        message = f"finished {report.finished}, created {report.created}: the clock was set back"
        yield warning("times.backwards", "finished", message)


def hygiene(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """No home folder, user or host is told of by the machine or a worker; our own texts may hold any word."""
    if not policy.secrets and not may_tell_a_home(report.model_dump_json()):
        return
    for path, text in _foreign(report):
        for what in leaks(text, policy.secrets):
            yield error("hygiene.told", path, f"tells {what}")


def _memory(report: v3.Report, wanted: float) -> Iterator[Finding]:
    facts, name = report.facts, report.environment.name
    if facts.memory_bytes < wanted:
        message = f"{name} needs {wanted / _GIGABYTE:.1f} GB, this has {facts.memory_bytes / _GIGABYTE:.1f}"
        yield error("requirements.memory", "memory", message)
    elif facts.memory_limit_bytes is not None and facts.memory_limit_bytes < wanted:
        limit = facts.memory_limit_bytes / _GIGABYTE
        message = f"{name} needs {wanted / _GIGABYTE:.1f} GB, the container may use {limit:.1f}"
        yield warning("requirements.memory_limit", "memory", message)


def _foreign(report: v3.Report) -> Iterator[tuple[str, str]]:
    yield from _texts(report.facts, "report.facts")
    yield from _texts(report.conditions, "report.conditions")
    yield from _texts(report.finetune, "report.finetune")
    for index, result in enumerate(report.results):
        for name in _FROM_A_WORKER:
            yield from _texts(getattr(result, name), f"report.results[{index}].{name}")


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield path, value
        case Closed():
            # The names of fields are ours; those of a dictionary may be anybody's.
            for name in type(value).model_fields:
                if name not in _OURS:
                    yield from _texts(getattr(value, name), f"{path}.{name}")
        case dict():
            for key, part in value.items():
                yield from _texts(str(key), f"{path} (a name)")
                yield from _texts(part, f"{path}.{key}")
        case list() | tuple():
            for index, part in enumerate(value):
                yield from _texts(part, f"{path}[{index}]")
