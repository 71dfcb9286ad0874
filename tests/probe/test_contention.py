import pytest

from verify.probe.contention import Moment, between, now, withheld_seconds


def moment(wall: float, busy: float = 0.0, stolen: float = 0.0, own: float = 0.0) -> Moment:
    return Moment(wall, busy, stolen, own)


def test_only_what_others_used_counts() -> None:
    found = between(moment(0, busy=100, own=5), moment(10, busy=112, own=15), processors=2)
    assert found.others == pytest.approx(2 / 20)
    assert found.reason is None


def test_a_busy_neighbour_is_named() -> None:
    found = between(moment(0, busy=100), moment(10, busy=110), processors=2)
    assert found.reason == "other processes used 50% of the processors"


def test_stolen_time_is_named() -> None:
    found = between(moment(0, busy=100), moment(10, busy=100.5, stolen=2), processors=2)
    assert found.reason == "the hypervisor took 10% of the processors"


def test_a_containers_quota_is_named() -> None:
    found = between(moment(0, busy=100), Moment(10, 100.5, 0, 0, held=2), processors=2)
    assert found.reason == "the control group's quota withheld 10% of the processors"


def test_a_quota_is_read_where_there_is_one() -> None:
    assert withheld_seconds("usage_usec 9\nnr_throttled 2\nthrottled_usec 1500000\n") == 1.5
    assert withheld_seconds("usage_usec 9\nuser_usec 9\n") == 0.0


def test_where_the_system_tells_nothing_nothing_is_claimed() -> None:
    found = between(moment(0), moment(10, own=3), processors=2)
    assert (found.others, found.stolen) == (None, None)


def test_this_process_does_not_count_as_a_neighbour() -> None:
    before = now()
    sum(range(3_000_000))
    after = now()
    assert after.own >= before.own
    assert after.wall > before.wall
