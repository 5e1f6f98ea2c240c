"""3,000 small commits into one table: what a commit reads and writes does not grow with their number.

WEIR_COMMITS bounds them. The cost is counted, not timed: bytes and files that the last commits wrote
beside those of the early ones; the times are printed for people.
"""
import json
import os
import time
import unittest

from weir_project import Project, event, slow_rounds

COMMITS = int(os.environ.get("WEIR_COMMITS", "3000" if slow_rounds() >= 200 else "300"))


class ManyCommits(unittest.TestCase):
    def test_the_last_commit_costs_what_the_tenth_did(self):
        with Project(rows=2) as project:
            project.write("in/a.ndjson", "\n".join(event(i) for i in range(2 * COMMITS)) + "\n")
            begun = time.monotonic()
            project.weir("run", timeout=3000)
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

            def median(values):
                return sorted(values)[len(values) // 2]
            print(f"median ms of commits 5..25: {median(times[5:25])}, of the last 20: {median(times[-20:])}")
            metadata = project.folder / "lake/raw/events/metadata"
            sizes = [path.stat().st_size for path in metadata.glob("*.metadata.json")]
            self.assertLess(max(sizes), 200_000)
            self.assertLess(len(list(metadata.iterdir())), 600)


if __name__ == "__main__":
    unittest.main()
