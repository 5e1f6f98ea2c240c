"""3,000 small commits into one table: what a commit reads and writes does not grow with their number.

WEIR_COMMITS bounds them. The cost is counted, not timed: bytes and files that the last commits read and
wrote beside those of the early ones; the times are printed for people.
"""
import json
import os
import pathlib
import time
import unittest

from weir_project import Project, event, slow_rounds

COMMITS = int(os.environ.get("WEIR_COMMITS", "3000" if slow_rounds() >= 200 else "300"))


KEPT = 100  # Snapshots of a table: its metadata has its size from then on.


def median(values):
    return sorted(values)[len(values) // 2]


def bytes_by_commit(project, process):
    """(commits, bytes read, bytes written) as `process` goes on, from its log and the kernel's counts."""
    counts = pathlib.Path(f"/proc/{process.pid}/io")
    log = None
    seen = [(0, 0, 0)]
    commits = 0
    while process.poll() is None:
        time.sleep(0.02)
        if log is None:
            log = next((path.open() for path in (project.folder / ".weir/logs").glob("*.log")), None)
            continue
        commits += log.read().count('"batch.committed"')
        try:
            io = dict(line.split(": ") for line in counts.read_text().splitlines())
        except OSError:
            break  # It has ended meanwhile.
        if commits > seen[-1][0] and "wchar" in io:
            seen.append((commits, int(io["rchar"]), int(io["wchar"])))
    return seen


def per_commit(seen, begin, end):
    """Bytes read and written for each of the commits from about `begin` to about `end`."""
    first = next(point for point in seen if point[0] >= begin)
    last = [point for point in seen if point[0] <= end][-1]
    commits = last[0] - first[0]
    assert commits >= 20, f"{len(seen)} points are too few"
    return (last[1] - first[1]) / commits, (last[2] - first[2]) / commits


class ManyCommits(unittest.TestCase):
    def test_the_last_commit_costs_what_the_tenth_did(self):
        with Project(rows=2) as project:
            project.write("in/a.ndjson", "\n".join(event(i) for i in range(2 * COMMITS)) + "\n")
            begun = time.monotonic()
            process = project.start("run")
            seen = bytes_by_commit(project, process)
            out, err = process.communicate(timeout=3000)
            self.assertEqual(process.returncode, 0, out + err)
            print(f"{COMMITS} commits in {time.monotonic() - begun:.1f} s")
            report = project.verify()
            self.assertEqual(report["batches"], COMMITS)
            times = []
            for log in sorted((project.folder / ".weir/logs").glob("*.log")):
                for line in log.read_text().splitlines():
                    entry = json.loads(line)
                    if entry["event"] == "batch.committed":
                        times.append(entry["elapsed_ms"])
            self.assertEqual(len(times), COMMITS)
            print(f"median ms of commits 5..25: {median(times[5:25])}, of the last 20: {median(times[-20:])}")
            metadata = project.folder / "lake/raw/events/metadata"
            sizes = [path.stat().st_size for path in metadata.glob("*.metadata.json")]
            self.assertLess(max(sizes), 200_000)
            self.assertLess(len(list(metadata.iterdir())), 600)
            middle = per_commit(seen, KEPT + 10, KEPT + 110)
            last = per_commit(seen, COMMITS - 100, COMMITS)
            print("bytes read and written per commit of the second hundred: {:.0f}, {:.0f}, of the last: {:.0f}, {:.0f}"
                  .format(*middle, *last))
            # A commit never reads metadata back that this process wrote.
            self.assertLess(last[0], max(sizes) / 2)
            self.assertLess(last[0], 1.25 * middle[0] + 10_000)
            self.assertLess(last[1], 1.25 * middle[1])


if __name__ == "__main__":
    unittest.main()
