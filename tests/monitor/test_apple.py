"""What Apple's tools say is read as they say it. Nothing of this was run on a Mac.

The IORegistry's text is that of an M4 as a test of another project has recorded it, word for word; powermetrics' lines
are those of an M3 Ultra as several projects document them, with the residencies of GPU frequencies shortened.
"""

from verify.monitor import apple
from verify.monitor.reading import Unread, Value

REGISTRY = """+-o AGXAcceleratorG16G  <class AGXAcceleratorG16G, id 0x10000050b, registered, matched, active, busy 0 (655 ms), retain 51>
    {
      "PerformanceStatistics" = {"In use system memory (driver)"=0,"Alloc system memory"=1574862848,"Tiler Utilization %"=20,"recoveryCount"=0,"Renderer Utilization %"=19,"TiledSceneBytes"=1605632,"Device Utilization %"=21,"SplitSceneCount"=0,"In use system memory"=351141888}
      "model" = "Apple M4"
      "gpu-core-count" = 10
    }
"""  # noqa: E501 - as it comes
METER = """Machine model: Mac15,14
*** Sampled system activity ***

CPU Power: 8916 mW
GPU Power: 9462 mW
ANE Power: 0 mW
Combined Power (CPU + GPU + ANE): 18378 mW

**** GPU usage ****

GPU HW active frequency: 1380 MHz
GPU HW active residency: 100.00% (338 MHz:   0% 1380 MHz: 100%)
GPU idle residency:   0.00%
GPU Power: 9462 mW
"""


def test_the_registry_tells_how_busy_the_gpu_is_and_what_it_has_of_the_memory() -> None:
    reading = apple.registry(REGISTRY)
    assert reading.values == (
        Value("gpu Apple M4", "utilisation", "%", 21.0),
        Value("gpu Apple M4", "used", "B", 351141888.0),
    )
    assert reading.unread == ()


def test_each_accelerator_is_told_apart_and_one_without_statistics_is_not_called_idle() -> None:
    two = REGISTRY + REGISTRY.replace("Apple M4", "AMD Radeon").replace('"Device Utilization %"=21,', "")
    assert [(one.subject, one.name) for one in apple.registry(two).values] == [
        ("gpu Apple M4", "utilisation"),
        ("gpu Apple M4", "used"),
        ("gpu AMD Radeon", "used"),
    ]
    for text in ("", "+-o AGXAcceleratorG17X\n{\n}\n", '"Device Utilization %"=21'):
        assert apple.registry(text).values == ()
        assert apple.registry(text).unread == (Unread("gpu utilisation", "the IORegistry tells of no accelerator"),)


def test_powermetrics_tells_clock_and_power() -> None:
    reading = apple.metered(METER)
    assert reading.values == (
        Value("gpu", "clock", "MHz", 1380.0),
        Value("gpu", "power", "W", 9.462),
        Value("processor", "power", "W", 8.916),
    )
    assert reading.unread == ()


def test_what_powermetrics_leaves_out_is_said_to_be_unread() -> None:
    reading = apple.metered("CPU Power: 120 mW\n")
    assert [value.subject for value in reading.values] == ["processor"]
    assert [unread.what for unread in reading.unread] == ["gpu clock", "gpu power"]


def test_a_tool_that_is_not_there_is_a_reason_and_no_number() -> None:
    reading = apple.read_registry()
    assert reading.values == () or reading.values[0].name == "utilisation"
    assert Unread("gpu temperature", "macOS tells it to no program") in reading.unread


def test_in_a_run_powermetrics_is_not_started() -> None:
    assert {unread.what for unread in apple.unmetered().unread} == {"gpu clock", "gpu power", "processor power"}
