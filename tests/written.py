"""A report as people write them, with figures that follow from one another; tests change one of them."""

SOUND = """# Bench of a workstation

Date: 2026-03-04 10:15
Machine: Apple M2 Max, 38 GPU cores, 64 GB

## Matrix product

| size | time | rate |
|------|------|------|
| 1024 | 0.40 ms | 5,369 GFLOPS |
| 2048 | 2.20 ms | 7,809 GFLOPS |

## Loading

- parameters: 124,439,808
- load time: 5.00 s
- load speed: 24,888 parameters/ms
"""
# Ten times too slow by the time that stands beside it.
WRONG = SOUND.replace("7,809 GFLOPS", "780.9 GFLOPS")
