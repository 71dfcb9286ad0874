"""What Slurm runs on a node: it tells that it began, runs the command, and tells how that ended."""

from pathlib import Path

from verify.report.disk import LOCAL, settle, stage

SCRIPT = "job.sh"
BEGAN, ENDED, LOG, SLURM_LOG, REPORT = "began", "ended", "log", "slurm.log", "report.json"
# Where a command leaves its report.
OUT = "VERIFY_FLEET_OUT"
# The shell alone, so that a node on which no Python starts can tell so. What is not whole has not its name yet.
TEXT = f"""#!/bin/sh
out=$1
shift
echo "$SLURM_JOB_ID ${{SLURMD_NODENAME:-none}} $(date +%s)" > "$out/{BEGAN}.part" || exit 73
mv "$out/{BEGAN}.part" "$out/{BEGAN}"
{OUT}=$out
export {OUT}
"$@" > "$out/{LOG}" 2>&1 < /dev/null
status=$?
echo "$status $(date +%s)" > "$out/{ENDED}.part"
mv "$out/{ENDED}.part" "$out/{ENDED}"
exit $status
"""


def write_script(folder: Path) -> Path:
    """The script, in a run's folder.

    Raises:
        OSError: The disk refused.
    """
    path = folder / SCRIPT
    settle(LOCAL, stage(LOCAL, path, TEXT.encode()), path)
    return path
