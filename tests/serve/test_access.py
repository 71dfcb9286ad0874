"""Who may come in."""

import socket

import pytest

from verify.serve.access import Access, comes_from_here, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:9000", "LOCALHOST", "[::1]:8765", "127.8.8.8"])
def test_this_machine_is_known_by_its_loopback_names_whatever_the_port_of_a_tunnel(host: str) -> None:
    assert Access(8765).knows(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "127.0.0.1.evil.example:8765", "localhost.evil.example", "192.168.1.7:8765", "0.0.0.0:1"),
        *("user@127.0.0.1", "127.0.0.1:port", "127.0.0.1/..", "[::1", "localhost:8765,evil.example", "127.0.0.1 "),
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    assert not Access(8765).knows(host)


def test_beyond_loopback_any_address_is_known_and_of_names_only_this_machines_own() -> None:
    access = Access(8765, beyond_loopback=True)
    assert access.knows("192.168.1.7:8765")
    assert access.knows("[2001:db8::1]:8765")
    assert access.knows(f"{socket.gethostname()}:8765")
    assert not access.knows("evil.example:8765")


def test_each_door_has_secrets_of_256_bits_of_its_own_which_it_does_not_tell() -> None:
    one, other = Access(1), Access(1)
    secrets = {one.token, one.form, other.token, other.form}
    assert len(secrets) == 4
    assert all(len(secret) >= 43 for secret in secrets)
    assert not any(secret in repr(one) for secret in secrets)


def test_only_the_whole_token_opens() -> None:
    access = Access(1)
    assert access.opens(access.token)
    assert not any(
        access.opens(given) for given in (None, "", access.token[:-1], access.token + "a", access.form, "\ud800é")
    )
    assert access.is_ours(access.form)
    assert not access.is_ours(access.token)


def test_an_origin_must_be_this_host_itself() -> None:
    host = "127.0.0.1:8765"
    assert comes_from_here(None, host)
    assert comes_from_here("http://127.0.0.1:8765", host)
    for origin in ("null", "http://127.0.0.1:8766", "http://evil.example", "file://127.0.0.1:8765", "http://[", ""):
        assert not comes_from_here(origin, host), origin


def test_which_hosts_only_this_machine_reaches() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.1.2.3")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.7", "example.org")))  # noqa: S104 - refused
