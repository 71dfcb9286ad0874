"""A private key is its owner's alone."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from verify.errors import StorageError, UsageError
from verify.report.attest.private_key import is_encrypted, load_key, make_key


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_a_key_is_kept_for_its_owner_alone_and_read_again(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "config" / "keys" / "ada.pem"
    made = make_key(path, root, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_key(path, None).public_key == made.public_key
    assert not is_encrypted(path)
    assert load_key(path, b"not needed").public_key == made.public_key


def test_a_passphrase_encrypts_it(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "ada.pem"
    made = make_key(path, root, b"open sesame")
    assert is_encrypted(path)
    assert load_key(path, b"open sesame").public_key == made.public_key
    assert load_pem_private_key(path.read_bytes(), b"open sesame")
    with pytest.raises(UsageError, match="its passphrase is another"):
        load_key(path, b"open barley")
    with pytest.raises(UsageError, match="is encrypted"):
        load_key(path, None)


def test_no_key_is_kept_in_the_project_by_whatever_way(tmp_path: Path, root: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(root)
    for path in (root / "ada.pem", root / "a" / "ada.pem", tmp_path / "elsewhere" / "ada.pem", root / ".." / "project"):
        with pytest.raises(UsageError, match="inside of the project"):
            make_key(path, root, None)
    assert list(root.iterdir()) == []


def test_a_key_is_never_overwritten_nor_written_through_a_link(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "ada.pem"
    make_key(path, root, None)
    before = path.read_bytes()
    (tmp_path / "link.pem").symlink_to(tmp_path / "target.pem")
    for taken in (path, tmp_path / "link.pem"):
        with pytest.raises(UsageError, match="exists"):
            make_key(taken, root, None)
    assert path.read_bytes() == before
    assert not (tmp_path / "target.pem").exists()


def test_a_place_where_nothing_can_be_kept_is_told(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write ada\.pem"):
        make_key(tmp_path / "file" / "ada.pem", root, None)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_reach_signs_nothing(tmp_path: Path, root: Path, mode: int) -> None:
    path = tmp_path / "ada.pem"
    make_key(path, root, None)
    path.chmod(mode)
    with pytest.raises(UsageError, match="others than its owner"):
        load_key(path, None)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ada.pem"
    os.mkfifo(path, 0o600)
    with pytest.raises(UsageError, match="no regular file"):
        load_key(path, None)
    path.unlink()
    with pytest.raises(StorageError, match="cannot read"):
        load_key(path, None)
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\x00" * 100_000):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(UsageError, match="no private key in PEM"):
            load_key(path, None)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ada.pem"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(UsageError, match="no ed25519 key"):
        load_key(path, None)


def test_what_is_refused_is_told_with_what_to_do(tmp_path: Path, root: Path) -> None:
    make_key(tmp_path / "ada.pem", root, b"open sesame")
    other, inside = tmp_path / "other.pem", root / "ada.pem"
    curve = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other.touch(0o600)
    other.write_bytes(curve)
    make = "`verify key make NAME` makes one"
    for path, passphrase, said, hint in (
        (other, None, "other.pem is no ed25519 key", make),
        (tmp_path / "ada.pem", b"open barley", "ada.pem: its passphrase is another", make),
        (
            tmp_path / "ada.pem",
            None,
            "ada.pem is encrypted",
            "give its passphrase: VERIFY_KEY_PASSPHRASE, or at the prompt",
        ),
    ):
        with pytest.raises(UsageError) as caught:
            load_key(path, passphrase)
        assert (caught.value.message, caught.value.hint) == (said, hint)
    for path, said, hint in (
        (inside, "ada.pem would lie inside of the project", "keep keys elsewhere: --out FILE"),
        (other, "other.pem exists", "a key is never overwritten: choose another name"),
    ):
        with pytest.raises(UsageError) as caught:
            make_key(path, root, None)
        assert (caught.value.message, caught.value.hint) == (said, hint)
