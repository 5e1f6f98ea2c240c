"""500,000 dirty lines: every valid record is committed, every other is a dead letter with line and offset."""
import json
import os
import unittest

from weir_project import Project, slow_rounds

LINES = int(os.environ.get("WEIR_DIRTY_LINES", "500000" if slow_rounds() >= 200 else "100000"))

NDJSON = """
weir: 1
name: dirty
pipelines:
  events:
    source: { files: "in/*.ndjson" }
    contract:
      columns: { id: bigint not null, name: varchar not null, price: decimal(10,2), at: timestamptz not null }
    sink: { table: raw.events }
"""
CSV = NDJSON.replace("*.ndjson", "*.csv")


def ndjson_lines():
    """Every 997th line cut in half, every 1,009th with an unbalanced quote."""
    for i in range(1, LINES + 1):
        line = json.dumps({"id": i, "name": f"user {i % 977}", "price": i % 10000 / 100, "at": "2026-01-01T00:00:00Z"})
        if i % 997 == 0:
            line = line[: len(line) // 2]
        elif i % 1009 == 0:
            line = line.replace('"user', '"us"er', 1)
        yield line


def csv_lines():
    """Every 997th record loses its last field, every 1,009th has text behind a closing quote."""
    for i in range(1, LINES + 1):
        line = f'{i},"user, {i % 977}",{i % 10000 / 100:.2f},2026-01-01T00:00:00Z'
        if i % 997 == 0:
            line = line.rpartition(",")[0]
        elif i % 1009 == 0:
            line = line.replace('",', '"x,', 1)
        yield line


def is_good_json(line):
    try:
        json.loads(line)
        return True
    except ValueError:
        return False


class DirtyFile(unittest.TestCase):
    def prove(self, config, name, header, lines, is_good):
        with Project(config) as project:
            expected_bad, good, ids, offset = {}, 0, 0, len(header)
            first_line = 1 + (1 if header else 0)
            with open(project.folder / "in" / name, "w", encoding="utf-8", newline="") as file:
                file.write(header)
                for number, line in enumerate(lines, first_line):
                    file.write(line + "\n")
                    if is_good(number - first_line + 1, line):
                        good += 1
                        ids += number - first_line + 1
                    else:
                        expected_bad[offset] = (number, line)
                    offset += len(line.encode()) + 1
            counts = project.run()["pipelines"][0]["counts"]
            self.assertEqual(counts["read"], LINES)
            self.assertEqual(counts["accepted"], good)
            self.assertEqual(counts["rejected"], len(expected_bad))
            rows = project.query("select count(*) as n, count(distinct id) as d, sum(id) as s from raw.events")
            self.assertEqual((rows[0][0], rows[0][1], int(rows[0][2])), (good, good, ids))
            letters = project.query('select "offset", line, decode(raw) as raw from dead_letters.events')
            self.assertEqual({row[0]: (row[1], row[2]) for row in letters}, expected_bad)
            project.verify()
            print(f"{name}: {LINES} lines, {good} committed, {len(expected_bad)} dead letters")

    def test_ndjson(self):
        self.prove(NDJSON, "a.ndjson", "", ndjson_lines(), lambda i, line: is_good_json(line))

    def test_csv(self):
        self.prove(CSV, "a.csv", "id,name,price,at\n", csv_lines(), lambda i, line: i % 997 != 0 and i % 1009 != 0)


if __name__ == "__main__":
    unittest.main()
