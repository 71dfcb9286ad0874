"""How far a result may be from the float64 oracle: the format's own spacing, times a growth that is argued for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Distance from 1 to the next number: 2 ** -(bits of the fraction).
EPS = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
FORMATS = tuple(EPS)


def worst_error(
    result: "torch.Tensor", oracle: "torch.Tensor", scale: "torch.Tensor | float", fmt: str = "float32"
) -> float:
    """The largest error of any element, in units of the format's eps times the scale; infinite if one is no number.

    No error is none on any scale: one sample in millions is 0, and relative to it 0 / 0.
    """
    import torch

    gap = (result.detach().cpu().to(torch.float64) - oracle).abs()
    error = (gap / scale / EPS[fmt]).masked_fill(gap == 0, 0.0)
    return float(error.nan_to_num(nan=torch.inf, posinf=torch.inf).max())
