"""``verify attest``: signs reports, and tells whether what was signed still holds."""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from verify.cli.key import known_passphrase
from verify.cli.options import place
from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.language.speech import say
from verify.render import words
from verify.render.kept import word
from verify.render.words import visible
from verify.report.attest.private_key import is_encrypted, load_key
from verify.report.attest.statement import URL
from verify.report.attest.verify import Attested
from verify.report.history import environments, stored
from verify.report.read import named
from verify.report.v2 import Finding
from verify.run.attesting import attest
from verify.run.signatures import attestation_of, examine_stored, report_of, trust_of

NOTHING = UsageError("reports/ holds no report", "make one: ./noxw -s setup verify")

Act = Callable[[Path], Attested | Finding]


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("report", nargs="*", type=place, help="files of reports/ (default: the newest)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--key", metavar="FILE", type=place, help="sign with this key (see `verify key make`)")
    what.add_argument(
        "--check", action="store_true", help="sign nothing: 1 where one certifies no more, 4 where one is wrong"
    )
    parser.add_argument("--url", type=_url, help="of the run, such as a CI job's")
    parser.add_argument("--replace", action="store_true", help="forget an attestation that is there")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Sign or check the reports."""
    root = project_root(arguments)
    paths = list(dict.fromkeys(report_of(path.absolute()) for path in arguments.report)) or [_newest(root)]
    act = _checking(root) if arguments.check else _signing(root, arguments)
    told, exits = [], []
    for path in paths:
        found, name = act(path), named(attestation_of(path), root)
        told.append(_told(name, found))
        exits.append(_exit(found) if arguments.check else Exit.HOLDS)
        if not arguments.json:
            # At once: where a later report cannot be signed, this one was.
            print("\n".join(_lines(name, found)))
    if arguments.json:
        print(json.dumps(told, indent=2))
    return max(exits)


def _checking(root: Path) -> Act:
    trust, moment = trust_of(root), datetime.now(UTC)
    return lambda path: examine_stored(path, root, trust, moment)


def _signing(root: Path, arguments: argparse.Namespace) -> Act:
    key = load_key(arguments.key, known_passphrase() if is_encrypted(arguments.key) else None)
    trust, moment = trust_of(root), datetime.now(UTC)
    return lambda path: attest(path, root, key, trust, moment, url=arguments.url, replace=arguments.replace)


def _url(text: str) -> str:
    if not re.fullmatch(URL, text):
        raise argparse.ArgumentTypeError(f"{text!a} is no link: http:// or https://, without spaces")
    return text


def _newest(root: Path) -> Path:
    known = [path for environment in environments(root) for path in stored(root, environment)]
    if not known:
        raise NOTHING
    return max(known, key=lambda path: path.name)


def _told(name: str, found: Attested | Finding) -> dict[str, object]:
    if isinstance(found, Finding):
        return {"attestation": name, "holds": False, "findings": [found.model_dump()]}
    certificate = found.statement.certificate
    return {
        "attestation": name,
        "holds": not found.findings,
        "signers": list(found.signers),
        "verdict": certificate.verdict,
        "machine": certificate.machine,
        "attested": certificate.attested,
        "expires": certificate.expires,
        "findings": [finding.model_dump() for finding in found.findings],
    }


def _lines(name: str, found: Attested | Finding) -> Iterator[str]:
    told = (found,) if isinstance(found, Finding) else found.findings
    if isinstance(found, Attested):
        certificate = found.statement.certificate
        signed = say("signed by {} at {}", ", ".join(found.signers), certificate.attested)
        yield say("{}: {}, until {}; {}", visible(name), word(certificate.verdict), certificate.expires, signed)
    for finding in told:
        yield f"{visible(name)}: {word(finding.severity)}: {finding.rule}: {words.told(finding.message)}"


def _exit(found: Attested | Finding) -> Exit:
    """What a check comes to: 4 for what was never so, 1 for what does not certify any more, or never did."""
    told = (found,) if isinstance(found, Finding) else found.findings
    if any(finding.severity == "error" for finding in told):
        return Exit.INTEGRITY
    refused = isinstance(found, Attested) and found.statement.certificate.verdict == "refused"
    return Exit.REFUSED if told or refused else Exit.HOLDS
