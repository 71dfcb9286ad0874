"""``verify key``: makes the keys that sign reports, and tells which there are."""

import argparse
import getpass
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from verify.cli.options import count, given, one_line, place
from verify.cli.surroundings import TIME, now, project_root
from verify.errors import Exit, UsageError
from verify.language.speech import say
from verify.report.fields import moment
from verify.report.keys import PATH, Revocation, Signer, Signers, entry, keyid_of, state

PASSPHRASE = "VERIFY_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
DAYS = 365
LONGEST_DAYS = 3650


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="make|list|retire|revoke")
    make = verbs.add_parser("make", help="make an ed25519 key; prints its entry for policy/allowed-signers.toml")
    make.add_argument("--environment", metavar="NAME", action="append", required=True, help="which it may sign for")
    make.add_argument("--out", metavar="FILE", type=place, help="default: ~/.config/llm-verify/keys/NAME.pem")
    make.add_argument("--days", metavar="N", type=count, default=DAYS, help=f"how long it is valid (default: {DAYS})")
    make.add_argument(
        "--valid-from", metavar="TIME", type=_time, help="before the oldest report it is to vouch for (default: now)"
    )
    make.set_defaults(act=_make)
    listed = verbs.add_parser("list", help="show who may sign what, and since when")
    listed.add_argument("--json", action="store_true", help="for machines")
    listed.set_defaults(act=_list)
    retire = verbs.add_parser("retire", help="print the entry of a key that signs nothing from now on")
    retire.set_defaults(act=_retire)
    revoke = verbs.add_parser("revoke", help="print the entry of a key that is not to be trusted any more")
    revoke.add_argument("--reason", type=one_line, required=True, help="why, in one line")
    revoke.add_argument(
        "--compromised",
        choices=("yes", "no"),
        required=True,
        help="yes: somebody else may hold it, so none of its signatures counts; no: those made before still do",
    )
    revoke.add_argument("--at", metavar="TIME", type=_time, help="2026-01-02T03:04:05Z (default: now)")
    revoke.set_defaults(act=_revoke)
    for verb in (make, retire, revoke):
        verb.add_argument("name", metavar="NAME", type=given, help="the signer's")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; entries go to stdout, everything else to stderr."""
    return int(arguments.act(arguments, project_root(arguments)))


def known_passphrase(*, confirmed: bool = False) -> bytes | None:
    """The passphrase from the environment, or from the terminal where there is one; None for none.

    Args:
        confirmed: Ask twice, as for a new key.

    Raises:
        UsageError: The two are not the same.
    """
    if PASSPHRASE in os.environ or not sys.stdin.isatty():
        return os.environ.get(PASSPHRASE, "").encode() or None
    typed = getpass.getpass(say("Passphrase of the key (empty for none):") + " ")
    if confirmed and typed and getpass.getpass(say("Once more:") + " ") != typed:
        raise UsageError("the two passphrases differ", "run it again; no key was made")
    return typed.encode() or None


def _make(arguments: argparse.Namespace, root: Path) -> int:
    from verify.report.attest.private_key import make_key
    from verify.spec.environment import load_environment

    for environment in arguments.environment:
        load_environment(root, environment)
    if any(signer.name == arguments.name for signer in _signers(root).signers):
        raise UsageError(f"{PATH} has a signer {arguments.name}", "name the new one otherwise, such as with its year")
    if arguments.days > LONGEST_DAYS:
        raise UsageError(f"{arguments.days} days are more than {LONGEST_DAYS}", "keys are replaced now and then")
    ends = datetime.now(UTC) + timedelta(days=arguments.days)
    fields = {
        "name": arguments.name,
        "environments": tuple(dict.fromkeys(arguments.environment)),
        "valid_from": arguments.valid_from or now(),
        "valid_until": ends.strftime(TIME),
    }
    # A name that no signer can have must not cost a key, so the entry is tried before.
    _signer(fields, "0" * 64)
    path = arguments.out or _folder() / f"{arguments.name}.pem"
    passphrase = known_passphrase(confirmed=True)
    key = make_key(path.absolute(), root, passphrase)
    _tell(
        say(
            "private key: {}, {}; it stays with you, and out of git",
            path,
            say("encrypted") if passphrase else say("NOT encrypted"),
        )
    )
    return _print(_signer(fields, key.public_key.keyval["public"]), say("add this to {}:", PATH))


def _list(arguments: argparse.Namespace, root: Path) -> int:
    signers, today = _signers(root), now()
    if arguments.json:
        told = [{**signer.model_dump(mode="json"), "state": state(signer, today)} for signer in signers.signers]
        print(json.dumps({"threshold": signers.threshold, "signers": told}, indent=2))
        return Exit.HOLDS
    for signer in signers.signers:
        window = say("{} to {}", signer.valid_from[:10], signer.valid_until[:10])
        environments = ", ".join(signer.environments)
        print(f"{signer.name:20} {state(signer, today):11} {window}  {signer.keyid[:12]}  {environments}")
    _tell(say("{} signers; an attestation needs {}", len(signers.signers), signers.threshold))
    return Exit.HOLDS


def _retire(arguments: argparse.Namespace, root: Path) -> int:
    signer, ends = _called(arguments.name, root), now()
    if not signer.valid_from < ends < signer.valid_until:
        what = f"{signer.name} is valid from {signer.valid_from} to {signer.valid_until}"
        raise UsageError(what, "there is nothing to retire now; `verify key revoke` ends a key for other reasons")
    return _print(
        signer.model_copy(update={"valid_until": ends}), say("put this in the place of its entry in {}:", PATH)
    )


def _revoke(arguments: argparse.Namespace, root: Path) -> int:
    signer, compromised = _called(arguments.name, root), arguments.compromised == "yes"
    if signer.revoked and signer.revoked.compromised and not compromised:
        raise UsageError(f"{signer.name} is compromised", "what somebody else held once is never trusted again")
    revoked = Revocation(at=arguments.at or now(), reason=arguments.reason, compromised=compromised)
    return _print(
        signer.model_copy(update={"revoked": revoked}), say("put this in the place of its entry in {}:", PATH)
    )


def _print(signer: Signer, where: str) -> int:
    _tell(where)
    print(f"\n{entry(signer)}", end="")
    return Exit.HOLDS


def _signer(fields: dict[str, object], public_key: str) -> Signer:
    from pydantic import ValidationError

    try:
        return Signer.model_validate({**fields, "public_key": public_key, "keyid": keyid_of(public_key)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the key"
        what = f"{place}: {first['msg'].removeprefix('Value error, ')}"
        raise UsageError(what, "small letters, digits, . _ and - make a name; a key begins before it ends") from error


def _signers(root: Path) -> Signers:
    from verify.spec.toml import read_toml, validated

    return validated(Signers, read_toml(root, root / PATH))


def _called(name: str, root: Path) -> Signer:
    signers = _signers(root).signers
    for signer in signers:
        if signer.name == name:
            return signer
    raise UsageError(
        f"{PATH} has no signer {name}", f"the signers are {', '.join(one.name for one in signers) or 'none yet'}"
    )


def _folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "llm-verify" / "keys"


def _time(text: str) -> str:
    try:
        moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!a} is no time such as 2026-01-02T03:04:05Z") from error
    return text


def _tell(line: str) -> None:
    print(line if line.isprintable() else _visible(line), file=sys.stderr)


def _visible(line: str) -> str:
    # What it takes to know how is imported for the names that need it.
    from verify.render.words import visible

    return visible(line)
