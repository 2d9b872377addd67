"""Running a target on many seeds in child processes that are watched: for crashes, hangs, memory and exceptions."""

import math
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.fuzz.targets import READ, REFUSED, target

LIMIT_CPU_S, LIMIT_S = 30, 120  # for one input: of the processor, and by the clock
PREPARING_S = 600
MOST_BYTES, MOST_ADDRESSES = 1 << 30, 12 << 30  # beyond what preparing took; of the whole process
BATCH = 2000  # inputs of one child
MOST_FINDINGS = 20  # then a target is left
KINDS = ("exception", "crash", "hang", "memory")


@dataclass
class Finding:
    """What must not happen: of which kind, for which seed; what was said, and where its files are kept."""

    kind: str
    seed: int
    said: str
    files: str


@dataclass
class Figures:
    """What became of the inputs of a target."""

    name: str
    read: int = 0
    refused: int = 0
    most_bytes: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def inputs(self):
        return self.read + self.refused + sum(finding.kind != "memory" for finding in self.findings)

    def row(self):
        """Return the figures as a row of a table."""
        kinds = [finding.kind for finding in self.findings]
        counts = {f"{kind}s" if kind != "crash" else "crashes": kinds.count(kind) for kind in KINDS if kind != "memory"}
        return {"target": self.name, "inputs": self.inputs, "read": self.read, "refused": self.refused, **counts,
                "most MB": round(self.most_bytes / 1e6)}  # fmt: skip

    def to_dict(self):
        return {**self.row(), "findings": [asdict(finding) for finding in self.findings]}


def peak():
    """Return the most memory that this process has had, in bytes."""
    try:  # `ru_maxrss` begins with that of the parent
        return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) << 10
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def kept(place, name, seed):
    """Copy the files of an input, and what was said, to where they stay."""
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name.rpartition(':')[2]}-{seed}-"))
    shutil.copytree(place, folder, dirs_exist_ok=True, symlinks=True)
    return str(folder)


def _child(name, first, count, seconds, limits, place, pipe):
    """Try seeds one after the other, and send what became of each; the time counts from when all is prepared."""
    cpu_s, most_bytes = limits
    with (place / "said").open("wb") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    subject = target(name)(place / "files")
    before, until = peak(), time.monotonic() + seconds
    pipe.send(None)
    for seed in range(first, first + count):
        signal.setitimer(signal.ITIMER_PROF, cpu_s)  # its signal ends the process
        outcome = said = files = None
        try:
            outcome = subject.attempt(seed)
        except Exception as error:  # noqa: BLE001 (what must not happen)
            said = f"{type(error).__name__}: {error!s:.300}"
            traceback.print_exc()
            sys.stderr.flush()
            files = kept(place, name, seed)
        grown = peak() - before
        pipe.send((seed, outcome, grown, said, files))
        if time.monotonic() > until or grown > most_bytes:
            break
    signal.setitimer(signal.ITIMER_PROF, 0)


def fuzz(name, first, seconds=math.inf, count=math.inf):
    """Try the seeds of a target from the first one on, for so long or so many; return the figures."""
    figures, left, seed = Figures(name), seconds, first
    while left > 0 and seed < first + count and len(figures.findings) < MOST_FINDINGS:
        batch = int(min(BATCH, first + count - seed))
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            place = Path(folder)
            (place / "files").mkdir()
            begun, seed, took = _watched(figures, seed, batch, left, place)
        left = left - took if begun else 0
    return figures


def _watched(figures, first, count, seconds, place):
    """Run one child; return whether it was ready, the seed to go on with, and the seconds it took for its inputs."""
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe(duplex=False)
    limits = LIMIT_CPU_S, MOST_BYTES
    child = context.Process(target=_child, args=(figures.name, first, count, seconds, limits, place, theirs))
    child.start()
    theirs.close()
    seed, began, hung = first, None, False
    try:
        while not hung:
            hung = not pipe.poll(PREPARING_S if began is None else LIMIT_S)
            if hung:
                child.kill()
            elif (news := pipe.recv()) is None:
                began = time.monotonic()
            else:
                seed = _noted(figures, *news) + 1
    except EOFError:  # it has ended
        pass
    child.join(LIMIT_S)
    child.kill()
    child.join()
    if child.exitcode:
        kind = "hang" if hung or child.exitcode == -signal.SIGPROF else "crash"
        said = (place / "said").read_text(errors="replace").strip().splitlines()[-1:]
        what = f"exit code {child.exitcode}{' while preparing' if began is None else ''} {' '.join(said)[:300]}"
        figures.findings.append(Finding(kind, seed, what, kept(place, figures.name, seed)))
        seed += 1
    return began is not None, seed, time.monotonic() - (began or 0)


def _noted(figures, seed, outcome, grown, said, files):
    """Note what became of a seed; return it."""
    figures.most_bytes = max(figures.most_bytes, grown)
    if said is None:
        figures.read += outcome == READ
        figures.refused += outcome == REFUSED
    else:
        figures.findings.append(Finding("exception", seed, said, files))
    if grown > MOST_BYTES:
        figures.findings.append(Finding("memory", seed, f"{grown / 1e6:.0f} MB more than after preparing", ""))
    return seed
