"""Real files nobody here made: CSV files of npm vega-datasets@3, compared with Python's csv module.

./dev test slow fetches them (WEIR_DEPS/vega-datasets); WEIR_VEGA names another folder.
"""
import csv
import decimal
import os
import pathlib
import unittest

from weir_project import Project

PROJECT = """
weir: 1
name: real
pipelines:
  real:
    source: {{ files: "in/*.csv" }}
    contract:
      columns:
{columns}
    sink: {{ table: raw.real }}
"""

BIRDSTRIKES = {
    "airport": "{ type: varchar, from: Airport Name }",
    "aircraft": "{ type: varchar, from: Aircraft Make Model }",
    "damage": "{ type: varchar, from: Effect Amount of damage }",
    "flight_date": "{ type: date, from: Flight Date }",
    "operator": "{ type: varchar, from: Aircraft Airline Operator }",
    "state": "{ type: varchar, from: Origin State }",
    "phase": "{ type: varchar, from: Phase of flight }",
    "size": "{ type: varchar, from: Wildlife Size }",
    "species": "{ type: varchar, from: Wildlife Species }",
    "time_of_day": "{ type: varchar, from: Time of day }",
    "other": "{ type: bigint, from: Cost Other }",
    "repair": "{ type: bigint, from: Cost Repair }",
    "total": "{ type: bigint, from: Cost Total $ }",
    "speed": "{ type: bigint, from: Speed IAS in knots }",
}
ZIPCODES = {
    "zip_code": "varchar not null", "latitude": "decimal(12,8)", "longitude": "decimal(12,8)",
    "city": "varchar", "state": "varchar", "county": "varchar",
}
GITHUB = {"time": "{ type: timestamp, format: \"%Y/%m/%d %H:%M:%S\" }", "count": "bigint"}


class RealFiles(unittest.TestCase):
    def compare(self, name, columns, rows, sums):
        folder = os.environ.get("WEIR_VEGA") or (os.environ.get("WEIR_DEPS") and os.environ["WEIR_DEPS"] + "/vega-datasets")
        if not folder:
            self.skipTest("WEIR_VEGA is not set")
        source = pathlib.Path(folder) / name
        text = "\n".join(f"        {column}: {kind}" for column, kind in columns.items())
        with Project(PROJECT.format(columns=text)) as project:
            project.write(f"in/{name}", source.read_bytes())
            counts = project.run()["pipelines"][0]["counts"]
            with open(source, encoding="utf-8-sig", newline="") as file:
                theirs = list(csv.DictReader(file))
            self.assertEqual(len(theirs), rows)
            self.assertEqual((counts["read"], counts["accepted"], counts["rejected"]), (rows, rows, 0))
            names = {c: k.split("from: ")[1].rstrip(" }") if "from: " in k else c for c, k in columns.items()}
            for column, header in names.items():
                filled = sum(1 for row in theirs if row[header] != "")
                self.assertEqual(project.query(f'select count("{column}") as n from raw.real'), [(filled,)], column)
            for column in sums:
                expected = sum(decimal.Decimal(row[names[column]]) for row in theirs if row[names[column]])
                ours = project.query(f'select sum("{column}")::varchar as s from raw.real')[0][0]
                self.assertEqual(decimal.Decimal(ours), expected, column)
            texts = [c for c, k in columns.items() if "varchar" in k]
            for column in texts[:3]:
                ours = {row[0] for row in project.query(f'select distinct "{column}" as v from raw.real') if row[0] is not None}
                self.assertEqual(ours, {row[names[column]] for row in theirs if row[names[column]]}, column)
            project.verify()

    def test_birdstrikes(self):
        self.compare("birdstrikes.csv", BIRDSTRIKES, 10000, ["other", "repair", "total", "speed"])

    def test_zipcodes(self):
        self.compare("zipcodes.csv", ZIPCODES, 42049, ["latitude", "longitude"])

    def test_github(self):
        self.compare("github.csv", GITHUB, 955, ["count"])


if __name__ == "__main__":
    unittest.main()
