"""Real images: built twice on a Debian made here, certified in, and run in hostile surroundings.

No part of the default run, for it takes half an hour: ``./noxw -s tests-image``. Skipped where there is no engine.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from verify.checks.functional.dataloading import SHARED
from verify.errors import Exit, VerifyError
from verify.image.certify import REPORTS, STATE
from verify.image.engine import Engine, find_engine, find_image
from verify.image.recipe import tag_of
from verify.probe.facts import container
from verify.spec.lock import read_lock

pytestmark = pytest.mark.image

ROOT = Path(__file__).resolve().parents[2]
TAG = tag_of("cpu")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# Inside of a container, as CI often is, an engine makes no bridges and raises no limits; mlx-lm wants 4096 open files.
NESTED = """
[containers]
netns = "host"
default_ulimits = ["nofile=4096:4096", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
# Every file, link and folder but those of the kernel's own, with owner, mode and the digest of its content.
LISTING = r"""
import hashlib, os, stat
for folder, folders, files in os.walk("/"):
    folders[:] = sorted(name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys", "/dev", "/run"))
    for name in sorted(folders + files):
        path = os.path.join(folder, name)
        told = os.lstat(path)
        what = ""
        if stat.S_ISREG(told.st_mode):
            with open(path, "rb") as file:
                what = hashlib.file_digest(file, "sha256").hexdigest()
        elif stat.S_ISLNK(told.st_mode):
            what = os.readlink(path)
        print(f"{stat.filemode(told.st_mode)} {told.st_uid} {path} {what}")
"""
WRITING = r"""
import os, sys
print(os.getuid(), os.getgid())
for folder in sys.argv[1:]:
    try:
        open(folder + "/x", "w").close()
    except OSError:
        continue
    print(folder)
"""
# Written by engines into each container.
ENGINES_OWN = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/", "/.dockerenv", "/etc/mtab")

Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Built:
    """The image, built twice.

    Attributes:
        engine: By what.
        digests: Of the two.
        listings: What lies in each.
    """

    engine: Engine
    digests: list[str] = field(default_factory=list)
    listings: list[list[str]] = field(default_factory=list)

    def run(self, *words: str, options: tuple[str, ...] = ()) -> Ended:
        """Run the image as it is meant to be run, with volumes of its own that go with it."""
        confined = ["--rm", "--network", "none", "--read-only", "--cap-drop", "all", "--no-healthcheck"]
        called = [self.engine.name, "run", *confined, "--security-opt", "no-new-privileges", *options, TAG, *words]
        return subprocess.run(called, env=dict(self.engine.environ), capture_output=True, text=True, check=False)

    def python(self, program: str, *options: str) -> Ended:
        """Run a program of ours in the image's own Python, as root."""
        seen = ("--user", "0", "--entrypoint", "python3", *options)
        return self.run("-c", program, options=seen)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    environ = dict(os.environ)
    if container() and "CONTAINERS_CONF" not in environ:
        settings = tmp_path_factory.mktemp("engine") / "containers.conf"
        settings.write_text(NESTED, encoding="utf-8")
        environ |= {"CONTAINERS_CONF": str(settings), "BUILDAH_ISOLATION": "chroot"}
    try:
        return find_engine(environ, running=True)
    except VerifyError as error:
        pytest.skip(f"{error.message}: {error.hint}")


def verify(engine: Engine, *words: str) -> Ended:
    """The command, natively, with what it says shown as it comes."""
    environ = {**engine.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    called = [sys.executable, "-m", "verify", "--root", str(ROOT), *words]
    return subprocess.run(called, env=environ, stdout=subprocess.PIPE, text=True, check=False)


@pytest.fixture(scope="module")
def built(engine: Engine) -> Built:
    """The image twice from nothing; the second is the one that is left."""
    found = Built(engine)
    for _ in range(2):
        ended = verify(engine, "image", "build", "cpu", "--engine", engine.name)
        assert ended.returncode == Exit.HOLDS
        found.digests.append(ended.stdout.split()[-1])
        listed = found.python(LISTING)
        assert listed.returncode == 0, listed.stderr
        found.listings.append([line for line in listed.stdout.splitlines() if line.split()[2] not in ENGINES_OWN])
    return found


def test_built_twice_it_has_the_same_lock_and_the_same_files(built: Built) -> None:
    first, second = ({tuple(line.split(" ")) for line in listing} for listing in built.listings)
    assert not first ^ second
    image = find_image(built.engine, TAG)
    assert image is not None
    assert image.labels["llm-verify.lock.digest"] == f"sha256:{read_lock(ROOT, 'linux-x86_64-cpu').digest}"


def test_no_compiler_no_cache_and_no_history_is_in_it(built: Built) -> None:
    names = [line.split(" ")[2] for line in built.listings[-1]]
    tools = ("gcc", "cc", "g++", "c++", "clang", "make", "git")
    assert not [name for name in names if Path(name).name in tools and "/bin/" in name]
    assert not [name for name in names if "/.git/" in name or "/.cache/" in name or name.startswith("/root/.cache")]
    assert not [name for name in names if name.startswith(("/var/lib/apt/lists/", "/var/cache/apt/")) and "deb" in name]


def test_bytecode_is_compiled_and_no_byte_tells_of_where_it_was_built(built: Built) -> None:
    names = [line.split(" ")[2] for line in built.listings[-1]]
    assert any(name.endswith(".pyc") and "/torch/" in name for name in names)
    searched = built.python(
        "import pathlib, sys\n"
        "told = [str(p) for root in ('/etc', '/opt/llm-verify/.environments/cpu', '/opt/llm-verify/.tools')"
        " for p in pathlib.Path(root).rglob('*') if p.is_file() and p.name in"
        " ('pip.conf', 'uv.toml', 'direct_url.json', 'pyvenv.cfg', 'uv.lock')"
        f" and b'{ROOT}' in p.read_bytes()]\nsys.exit(str(told) if told else 0)"
    )
    assert searched.returncode == 0, searched.stderr
    assert "/etc/pip.conf" not in names


def test_it_starts_as_nobody_special_and_can_write_two_folders_only(built: Built) -> None:
    places = ("/", "/opt/llm-verify", "/opt/llm-verify/.environments", REPORTS, STATE)
    ended = built.run("-c", WRITING, *places, options=("--entrypoint", "python3"))
    assert ended.stdout.splitlines() == ["10001 10001", REPORTS, STATE]


def test_the_bill_of_materials_in_it_lists_the_lock_and_debians_packages(built: Built) -> None:
    ended = built.run("/usr/share/llm-verify/sbom.json", options=("--entrypoint", "cat"))
    purls = {part["purl"].partition("@")[0] for part in json.loads(ended.stdout)["components"]}
    assert {"pkg:pypi/torch", "pkg:deb/debian/libc6", "pkg:deb/debian/python3"} <= purls


def test_the_health_check_passes(built: Built) -> None:
    ended = built.run("run", "--level", "quick", "--select", "*", options=("--shm-size", "1g"))
    assert ended.returncode == Exit.HOLDS, ended.stdout + ended.stderr


def test_it_certifies_offline_as_the_machine_does_natively(built: Built, tmp_path: Path) -> None:
    words = ("image", "verify", "cpu", "--engine", built.engine.name, "--level", "full", "--out", str(tmp_path))
    ended = verify(built.engine, *words)
    assert ended.returncode == Exit.HOLDS, ended.stdout
    [path] = sorted((tmp_path / "reports/cpu").glob("*.json"))[-1:]
    inside = json.loads(path.read_text())
    assert inside["facts"]["image"]["digest"] == built.digests[-1]
    assert inside["facts"]["container"] is not None
    assert inside["verdict"]["value"] in {"certified", "conditional"}
    known = {result["id"] for result in inside["results"] if result["known_issue"]}
    wrong = [
        result["id"]
        for result in inside["results"]
        if result["required"] and result["outcome"] != "passed" and result["id"] not in known
    ]
    assert not wrong


HOSTILE = ("run", "--level", "quick")


def two_lines(ended: Ended) -> list[str]:
    """What it says for an error: what happened and what to do, and no traceback."""
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended.stderr.strip().splitlines()[-2:]


def test_without_shared_memory_it_says_what_is_missing(built: Built) -> None:
    ended = built.run("run", "--level", "full", "--select", "dataloading.*", options=("--ipc", "none"))
    assert ended.returncode == Exit.REFUSED
    assert f"there is no {SHARED}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_with_64_megabytes_it_says_so_and_certifies_nothing(built: Built) -> None:
    ended = built.run(*HOSTILE, options=("--memory", "64m", "--memory-swap", "64m"))
    assert ended.returncode in {Exit.REFUSED, Exit.COULD_NOT_RUN}
    what, hint = two_lines(ended)
    assert "memory" in what + hint


def test_read_only_reports_end_it_before_it_begins(built: Built, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ended = built.run(*HOSTILE, options=("--volume", f"{tmp_path}:{REPORTS}:ro"))
    assert ended.returncode == Exit.INPUT_OUTPUT
    assert two_lines(ended)[0].startswith("error: ")


@pytest.mark.skipif(not FAKETIME.is_file(), reason="faketime is not installed")
@pytest.mark.parametrize("time", ["@2099-01-01 00:00:00", "@1990-01-01 00:00:00"])
def test_a_clock_that_is_years_off_is_no_traceback(built: Built, time: str) -> None:
    faked = ("--volume", f"{FAKETIME}:/faketime.so:ro", "--env", "LD_PRELOAD=/faketime.so", "--env", f"FAKETIME={time}")
    ended = built.run(*HOSTILE, options=(*faked, "--shm-size", "1g"))
    assert ended.returncode in {Exit.HOLDS, Exit.REFUSED}
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_digest_that_is_none_is_refused_at_once(built: Built) -> None:
    ended = built.run(*HOSTILE, options=("--env", "VERIFY_IMAGE_DIGEST=latest"))
    assert ended.returncode == Exit.USAGE
    assert two_lines(ended)[0] == "error: VERIFY_IMAGE_DIGEST is no digest"
