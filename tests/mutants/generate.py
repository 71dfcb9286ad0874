"""Writes every mutant of the project it is started in, and runs none; mutmut's own command does both at once.

What is drawn has to be known between the two: `mutmut results --all true` lists what was written.
"""

from pathlib import Path

from mutmut.__main__ import create_mutants
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir

if __name__ == "__main__":
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(1)
