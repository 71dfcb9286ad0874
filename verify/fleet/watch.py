"""A run of a fleet, one look at a time: hand over what is due, see who answered, keep what they said."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verify.errors import IntegrityError, VerifyError
from verify.fleet.columns import SHOWN, Columns, figures_of
from verify.fleet.inbox import Answer, Began, Doubts, answer
from verify.fleet.plan import Entry, Kept, Plan
from verify.fleet.script import SCRIPT, SLURM_LOG
from verify.fleet.slurm import AwayError, Job, Slurm, node_options
from verify.fleet.standing import REFUSED, Seen, Standing, standings
from verify.report.fleet import Node, State
from verify.report.upgrade import newest
from verify.report.versions import AnyReport

# The state of a node that does not answer, and of one that may yet.
UNANSWERED: Mapping[str, State] = {
    "unsent": "waiting",
    "lost": "waiting",
    "waiting": "waiting",
    "running": "running",
    "timed_out": "timed_out",
    "crashed": "crashed",
    "not_run": "not_run",
}
# Slurm counts from 1.
NO_JOB = 0
UNSENT = "nothing was handed to Slurm for it: the run was ended before"


@dataclass(slots=True)
class Watch:
    """A run that goes on, from its folder.

    Attributes:
        kept: The folder.
        plan: What was asked.
        slurm: Whom to ask.
        clock: Seconds since 1970.
        doubts: What contradicts a report.
        keep: Puts a report into the history, unless it is there.
        away_since: Since when Slurm's controller does not answer; None while it does.
    """

    kept: Kept
    plan: Plan
    slurm: Slurm
    clock: Callable[[], float]
    doubts: Doubts
    keep: Callable[[AnyReport], None]
    away_since: float | None = None
    columns: Columns = field(default_factory=Columns)
    _entries: dict[str, Entry] = field(default_factory=dict)
    _answers: dict[str, Node] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.kept.entries():
            self._entries[entry.node] = entry

    def look(self, *, hand_over: bool = True, most: int | None = None) -> list[Node]:
        """How it stands with every node now, after what is due was handed over and what came was kept.

        Args:
            hand_over: Whether to hand jobs to Slurm for nodes that have none.
            most: How many at most; None for all.
        """
        jobs = self._jobs()
        self._note_ends(jobs or {})
        found = self._standings(jobs)
        if hand_over and jobs is not None:
            due = [one for one in found if one.stage in ("unsent", "lost")]
            handed = self._hand_over(due[:most], jobs)
            found = self._standings({**jobs, **handed}) if handed else found
        return [self._node(one) for one in found]

    def _standings(self, jobs: Mapping[int, Job] | None) -> list[Standing]:
        return standings(Seen(self.kept, self.plan, self._entries, jobs, self.clock()))

    def _jobs(self) -> Mapping[int, Job] | None:
        try:
            jobs = self.slurm.jobs(self.plan.job_name)
        except AwayError:
            self.away_since = self.away_since or self.clock()
            return None
        self.away_since = None
        return jobs

    def _hand_over(self, due: list[Standing], jobs: Mapping[int, Job]) -> dict[int, Job]:
        """What was handed over; a controller that goes away meanwhile is asked again at the next look."""
        known = {entry.job for entry in self._entries.values()}
        adrift = {job.node: job.id for job in jobs.values() if job.id not in known and not job.over}
        handed = dict[int, Job]()
        with contextlib.suppress(AwayError):
            for one in due:
                # A job whose number was lost on its way to us is one all the same.
                job = adrift.get(one.node) or self._submitted(one.node, one.attempt + 1)
                handed[job] = Job(job, one.node, "PENDING", 0, "")
                if job != NO_JOB:
                    self._note(Entry(one.node, one.attempt + 1, job, int(self.clock())))
        return handed

    def _submitted(self, node: str, attempt: int) -> int:
        """The number of a node's job; none where Slurm will not have it, which is that node's end."""
        try:
            return self._submit(node, attempt)
        except AwayError:
            raise
        except VerifyError as error:
            self._note(Entry(node, attempt, NO_JOB, int(self.clock()), REFUSED, 0, error.message))
            return NO_JOB

    def _submit(self, node: str, attempt: int) -> int:
        place = self.kept.place(node, attempt)
        place.mkdir(parents=True, exist_ok=True)
        options = node_options(
            node=node,
            name=self.plan.job_name,
            partition=self.plan.partition,
            minutes=self.plan.minutes,
            until=self.plan.longest_seconds,
            output=place / SLURM_LOG,
            more=self.plan.options,
        )
        return self.slurm.submit(options, self.kept.folder / SCRIPT, [str(place), *self.plan.command])

    def _note_ends(self, jobs: Mapping[int, Job]) -> None:
        """What Slurm says of an end is written down before it forgets."""
        for entry in list(self._entries.values()):
            job = jobs.get(entry.job)
            if job is not None and job.over and entry.ended is None:
                now = int(self.clock())
                self._note(Entry(entry.node, entry.attempt, job.id, now, job.state, job.status, job.reason))

    def _note(self, entry: Entry) -> None:
        self.kept.note(entry)
        self._entries[entry.node] = entry

    def _node(self, one: Standing) -> Node:
        if one.node in self._answers:
            return self._answers[one.node]
        if one.stage != "answered" or one.entry is None or one.ended is None:
            return Node(
                name=one.node, state=UNANSWERED[one.stage], reason=one.reason, seconds=one.seconds(self.clock())
            )
        place = self.kept.place(one.node, one.attempt)
        expected = Began(one.entry.job, one.node, one.entry.at)
        found = self._kept(one.node, answer(place, self.plan, expected, one.ended.status, self.doubts))
        self._answers[one.node] = Node(
            name=one.node,
            state=found.state,
            reason=found.reason,
            seconds=one.seconds(self.clock()),
            report=found.report.id if found.report else None,
            machine=found.report.machine[:SHOWN] if found.report else None,
        )
        return self._answers[one.node]

    def _kept(self, node: str, found: Answer) -> Answer:
        """The answer, once its report is in the history and its figures are with the others'."""
        if found.report is None:
            return found
        owner = self._owners.setdefault(found.report.id, node)
        if owner != node:
            return Answer("damaged", f"its report {found.report.id} is that of {owner}")
        try:
            self.keep(found.report)
        except IntegrityError as error:
            return Answer("damaged", f"the history does not take its report: {error.message}")
        self.columns.add(node, figures_of(newest(found.report)))
        return found


def closed(nodes: list[Node]) -> list[Node]:
    """The nodes of a run that nobody watches any more: what was never handed over will not run."""
    return [_shut(node) if node.state == "waiting" and node.reason is None else node for node in nodes]


def _shut(node: Node) -> Node:
    return node.model_copy(update={"state": "not_run", "reason": UNSENT})


def runs(folder: Path) -> Iterator[Path]:
    """The folders of the runs that are kept, the newest first."""
    if folder.is_dir():
        yield from sorted((path for path in folder.iterdir() if (path / "run.json").is_file()), reverse=True)
