"""Files appear, grow, are replaced, renamed and deleted while `weir run --follow` is killed with -9.

Nothing is lost, nothing is there twice. The truth is exact because what would destroy input (a file
replaced, truncated, deleted) happens only to files whose content the ledger says is committed.
WEIR_SLOW_ROUNDS below 200 shortens it to 300 files and 3 kills. WEIR_SEED repeats a run.
"""
import os
import random
import signal
import sqlite3
import time
import unittest

from weir_project import Project, slow_rounds

FILES, KILLS = (10_000, 50) if slow_rounds() >= 200 else (300, 3)
SEED = int(os.environ.get("WEIR_SEED", str(random.SystemRandom().randrange(1 << 32))))
CONFIG = """
weir: 1
name: followed
pipelines:
  events:
    source: { files: "in/**/*.ndjson", follow: true }
    contract: { columns: { id: bigint not null, kind: varchar } }
    flush: { rows: 500, every: 50ms }
    sink: { table: raw.events }
  moved:
    source: { files: "drop/*.csv", follow: true, when_done: "move(done/{pipeline})" }
    contract: { columns: { id: bigint not null } }
    flush: { every: 100ms }
    sink: { table: raw.moved }
"""


class World:
    """The generator: what it wrote is the truth."""

    def __init__(self, project, generator):
        self.folder = project.folder
        self.random = generator
        self.ledger = None
        self.next_id, self.files, self.made = 0, [], 0
        self.good, self.bad, self.moved = set(), 0, set()
        self.renamed = set()  # And not seen under their new name yet.
        self.writers = {}  # Files that are held open, with the rest of the line that was begun.
        (self.folder / "in/deep").mkdir(parents=True)
        (self.folder / "drop").mkdir()

    def lines(self, count):
        made = []
        for _ in range(count):
            if self.random.random() < 0.03:
                # Each line is another: a file that holds what another held would be skipped.
                made.append(('{"id": "x%d"}\n' if self.random.random() < 0.5 else '{"id": %d, \n') % self.next_id)
                self.bad += 1
            else:
                made.append('{"id": %d, "kind": "k%d"}\n' % (self.next_id, self.next_id % 7))
                self.good.add(self.next_id)
            self.next_id += 1
        return "".join(made)

    def committed(self, path):
        """Whether the ledger says that all of what the file holds is read."""
        if path in self.writers:
            return False
        status = path.stat()
        if self.ledger is None:
            database = self.folder / ".weir/weir.db"
            if not database.exists():
                return False
            self.ledger = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
        try:
            row = self.ledger.execute(
                "SELECT size, mtime_ns, done FROM weir_objects WHERE pipeline = 'events' AND object = ?"
                " ORDER BY id DESC LIMIT 1", (str(path.relative_to(self.folder)),)).fetchone()
        except sqlite3.OperationalError:
            return False  # The tables are not made yet.
        return row == (status.st_size, status.st_mtime_ns, 1)

    def some_committed(self):
        for _ in range(8):
            path = self.random.choice(self.files) if self.files else None
            if path and self.committed(path):
                return path
        return None

    def new_path(self):
        self.made += 1
        folder = self.folder / "in" / self.random.choice(["", "deep", f"day{self.made // 500}"])
        folder.mkdir(exist_ok=True)
        return folder / f"{self.made:06}.ndjson"

    def appear(self):
        path = self.new_path()
        text = self.lines(self.random.randrange(1, 40))
        way = self.random.choice(["rename", "write", "link"])
        if way == "write":
            path.write_text(text)
        else:
            hidden = path.with_name("." + path.name)
            hidden.write_text(text)
            if way == "rename":
                hidden.rename(path)
            else:
                path.hardlink_to(hidden)
                hidden.unlink()
        self.files.append(path)

    def begin(self):
        """A writer that keeps its file open, and stops in the middle of a line."""
        path = self.new_path()
        writer = open(path, "w")
        text = self.lines(self.random.randrange(2, 20))
        cut = self.random.randrange(1, len(text))
        writer.write(text[:cut])
        writer.flush()
        self.writers[path] = (writer, text[cut:])
        self.files.append(path)

    def go_on(self):
        if not self.writers:
            return
        path = self.random.choice(list(self.writers))
        writer, rest = self.writers[path]
        if self.random.random() < 0.5:
            writer.write(rest)
            writer.close()
            del self.writers[path]
            return
        text = rest + self.lines(self.random.randrange(1, 10))
        cut = self.random.randrange(len(rest), len(text))
        writer.write(text[:cut])
        writer.flush()
        self.writers[path] = (writer, text[cut:])

    def grow(self):
        path = self.random.choice(self.files) if self.files else None
        if path in self.renamed and self.committed(path):
            self.renamed.remove(path)
        # A file that is renamed and grows while nobody follows it is read anew: not done to one here.
        if path and path not in self.writers and path not in self.renamed:
            with open(path, "a") as file:
                file.write(self.lines(self.random.randrange(1, 10)))

    def replace(self):
        path = self.some_committed()
        if path is None:
            return
        text = self.lines(self.random.randrange(1, 30))
        if self.random.random() < 0.5:
            hidden = path.with_name("." + path.name)
            hidden.write_text(text)
            hidden.rename(path)
        else:
            path.write_text(text)  # Truncated, and written anew.

    def rename(self):
        path = self.some_committed()
        if path:
            target = self.new_path()
            path.rename(target)
            self.renamed.add(target)
            self.files[self.files.index(path)] = target

    def delete(self):
        path = self.some_committed()
        if path:
            path.unlink()
            self.files.remove(path)

    def drop(self):
        self.made += 1
        # The same name again and again: what was put away makes room for the next.
        path = self.folder / "drop" / f"{self.random.randrange(20):02}.csv"
        hidden = path.with_name("." + path.name)
        hidden.write_text(f"id\n{self.next_id}\n")
        try:
            path.hardlink_to(hidden)
            self.moved.add(self.next_id)
            self.next_id += 1
        except FileExistsError:
            pass
        hidden.unlink()

    def step(self):
        act = self.random.choices(
            [self.appear, self.begin, self.go_on, self.grow, self.replace, self.rename, self.delete, self.drop],
            [8, 2, 4, 5, 3, 2, 3, 2])[0]
        act()

    def finish(self):
        for writer, rest in self.writers.values():
            writer.write(rest)
            writer.close()
        self.writers = {}

    def all_read(self):
        return all(self.committed(path) for path in self.files) and not list((self.folder / "drop").glob("*.csv"))


class Follow(unittest.TestCase):
    def test_kills_lose_nothing_and_count_nothing_twice(self):
        print(f"seed {SEED}, {FILES} files, {KILLS} kills")
        generator = random.Random(SEED)
        with Project(config=CONFIG) as project:
            world = World(project, generator)
            process = project.start("run", "--follow", "-q")
            killed = 0
            while world.made < FILES or killed < KILLS:
                for _ in range(generator.randrange(1, 6)):
                    world.step()
                time.sleep(generator.uniform(0, 0.03))
                self.assertIsNone(process.poll(), "it ended by itself")
                if world.made >= (killed + 1) * FILES // (KILLS + 1) and killed < KILLS:
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    killed += 1
                    process = project.start("run", "--follow", "-q")
            world.finish()
            end = time.monotonic() + 600
            while not world.all_read():
                self.assertIsNone(process.poll(), "it ended by itself")
                self.assertLess(time.monotonic(), end, "not all was read")
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, err)
            self.check(project, world)

    def check(self, project, world):
        report = project.verify()
        self.assertEqual(report["open"], 0)
        rows = project.query("select count(*) as n, count(distinct id) as ids, sum(id) as s from raw.events")
        self.assertEqual((rows[0][0], rows[0][1], int(rows[0][2])),
                         (len(world.good), len(world.good), sum(world.good)))
        letters = project.query("select count(*) as n from dead_letters.events where kind = 'record'")
        self.assertEqual(letters, [(world.bad,)])
        rows = project.query("select count(*) as n, count(distinct id) as ids, sum(id) as s from raw.moved")
        self.assertEqual((rows[0][0], rows[0][1], int(rows[0][2])),
                         (len(world.moved), len(world.moved), sum(world.moved)))
        put_away = list((project.folder / "done/moved").iterdir())
        self.assertEqual(len(put_away), len(world.moved))
        self.assertEqual([path for path in (project.folder / "drop").iterdir()], [])
        print(f"{report['batches']} batches: {len(world.good)} good and {world.bad} bad records of "
              f"{world.made} files, {len(put_away)} put away")


if __name__ == "__main__":
    unittest.main()
