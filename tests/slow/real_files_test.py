"""Real files nobody here made: those of npm vega-datasets@3, cell by cell against Python's csv and json.

./dev test slow fetches them (WEIR_DEPS/vega-datasets); WEIR_VEGA names another folder. RealFiles reads CSV and TSV
with contracts written by hand, InitFiles every file with the contract that `weir init --from-file` proposes.
docs/user/real-files.md explains what differs from Python.
"""
import csv
import datetime
import decimal
import json
import math
import os
import pathlib
import re
import unittest

from weir_project import Project

PROJECT = """
weir: 1
name: real
pipelines:
  real:
    source: {{ files: "in/*" }}
    contract:
      columns:
{columns}
    flush: {{ rows: 5000 }}
    sink: {{ table: raw.real }}
"""

# A contract for each file: the names of its header, and TYPE or TYPE as FORMAT.
FILES = {
    "airports.csv": (3376, {"iata": "varchar not null", "name": "varchar not null", "city": "varchar", "state": "varchar",
                            "country": "varchar not null", "latitude": "double", "longitude": "double"}),
    "birdstrikes.csv": (10000, {
        "Airport Name": "varchar", "Aircraft Make Model": "varchar", "Effect Amount of damage": "varchar",
        "Flight Date": "date", "Aircraft Airline Operator": "varchar", "Origin State": "varchar",
        "Phase of flight": "varchar", "Wildlife Size": "varchar", "Wildlife Species": "varchar", "Time of day": "varchar",
        "Cost Other": "bigint", "Cost Repair": "bigint", "Cost Total $": "bigint", "Speed IAS in knots": "bigint"}),
    "co2-concentration.csv": (741, {"Date": "date not null", "CO2": "decimal(6,2)", "adjusted CO2": "decimal(6,2)"}),
    "disasters.csv": (803, {"Entity": "varchar not null", "Year": "int not null", "Deaths": "bigint"}),
    "flights-airport.csv": (5366, {"origin": "varchar(3) not null", "destination": "varchar(3) not null", "count": "int"}),
    "gapminder-health-income.csv": (187, {"country": "varchar not null", "income": "int", "health": "double",
                                          "population": "bigint", "region": "varchar"}),
    "github.csv": (955, {"time": "timestamp as %Y/%m/%d %H:%M:%S", "count": "bigint"}),
    "global-temp.csv": (144, {"year": "int not null", "temp": "decimal(4,2)"}),
    "iowa-electricity.csv": (51, {"year": "date", "source": "varchar", "net_generation": "bigint"}),
    "la-riots.csv": (63, {"first_name": "varchar", "last_name": "varchar", "age": "int", "gender": "varchar",
                          "race": "varchar", "death_date": "date", "address": "varchar", "neighborhood": "varchar",
                          "type": "varchar", "longitude": "double", "latitude": "double"}),
    "lookup_groups.csv": (9, {"group": "int", "person": "varchar"}),
    "lookup_people.csv": (9, {"name": "varchar", "age": "int", "height": "int"}),
    "population_engineers_hurricanes.csv": (52, {"state": "varchar", "id": "int", "population": "bigint",
                                                 "engineers": "double", "hurricanes": "int"}),
    "seattle-weather-hourly-normals.csv": (8759, {"date": "timestamp", "pressure": "double", "temperature": "double",
                                                  "wind": "double"}),
    "seattle-weather.csv": (1461, {"date": "date", "precipitation": "double", "temp_max": "double", "temp_min": "double",
                                   "wind": "double", "weather": "varchar"}),
    "sp500-2000.csv": (5105, {"date": "date", "open": "decimal(12,6)", "high": "decimal(12,6)", "low": "decimal(12,6)",
                              "close": "decimal(12,6)", "adjclose": "decimal(12,6)", "volume": "bigint"}),
    "sp500.csv": (123, {"date": "date as %b %d %Y", "price": "decimal(8,2)"}),
    "species.csv": (12360, {"item_id": "varchar", "common_name": "varchar", "scientific_name": "varchar",
                            "gap_species_code": "varchar", "county_id": "varchar(5)", "habitat_yearround_pct": "decimal(6,4)"}),
    "stocks.csv": (560, {"symbol": "varchar", "date": "date as %b %d %Y", "price": "decimal(8,2)"}),
    "unemployment.tsv": (3218, {"id": "int not null", "rate": "decimal(5,4)"}),
    "us-employment.csv": (120, {
        "month": "date", **{name: "double" for name in (
            "nonfarm private goods_producing service_providing private_service_providing mining_and_logging construction "
            "manufacturing durable_goods nondurable_goods trade_transportation_utilties wholesale_trade retail_trade "
            "transportation_and_warehousing utilities information financial_activities professional_and_business_services "
            "education_and_health_services leisure_and_hospitality other_services government nonfarm_change").split()}}),
    "weather.csv": (2922, {"location": "varchar", "date": "date", "precipitation": "double", "temp_max": "double",
                           "temp_min": "double", "wind": "double", "weather": "varchar"}),
    "windvectors.csv": (4800, {"longitude": "double", "latitude": "double", "dir": "int", "dirCat": "int", "speed": "double"}),
    "zipcodes.csv": (42049, {"zip_code": "varchar not null", "latitude": "decimal(12,8)", "longitude": "decimal(12,8)",
                             "city": "varchar", "state": "varchar", "county": "varchar"}),
}


def expected(text, kind):
    """What a field must be, as its column's text."""
    if text == "":
        return None
    type_, _, pattern = kind.partition(" as ")
    if type_.startswith("varchar"):
        return text
    if type_ == "double":
        return float(text)
    if type_.startswith("decimal"):
        return decimal.Decimal(text)
    if type_.startswith(("int", "bigint")):
        return int(text)
    if pattern:
        moment = datetime.datetime.strptime(text, pattern)
        return str(moment.date() if type_ == "date" else moment)
    return text.replace("T", " ")


def ours(value, kind):
    if value is None or kind.startswith(("varchar", "date", "timestamp")):
        return value
    return float(value) if kind.startswith("double") else decimal.Decimal(value) if kind.startswith("decimal") else int(value)


def vega_folder(test):
    folder = os.environ.get("WEIR_VEGA") or (os.environ.get("WEIR_DEPS") and os.environ["WEIR_DEPS"] + "/vega-datasets")
    if not folder:
        test.skipTest("WEIR_VEGA is not set")
    return pathlib.Path(folder)


class RealFiles(unittest.TestCase):
    def compare(self, path):
        rows, columns = FILES[path.name]
        names = {header: re.sub(r"\W", "_", header.lower()) for header in columns}
        text = ""
        for header, kind in columns.items():
            type_, _, pattern = kind.partition(" as ")
            form = f', format: "{pattern}"' if pattern else ""
            text += f'        {names[header]}: {{ type: "{type_}", from: "{header}"{form} }}\n'
        with Project(PROJECT.format(columns=text.rstrip("\n"))) as project:
            project.write(f"in/{path.name}", path.read_bytes())
            counts = project.run()["pipelines"][0]["counts"]
            self.assertEqual((counts["read"], counts["accepted"], counts["rejected"]), (rows, rows, 0), project.call("dlq", "stats"))
            with open(path, encoding="utf-8-sig", newline="") as file:
                theirs = [{h: expected(row[h], columns[h]) for h in columns}
                          for row in csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")]
            cells = ", ".join(f'"{name}"::varchar as "{name}"' for name in names.values())
            mine = [{h: ours(cell, columns[h]) for h, cell in zip(columns, row)}
                    for row in project.query(f"select {cells} from raw.real order by _offset")]
            self.assertEqual(len(mine), len(theirs))
            for number, (a, b) in enumerate(zip(mine, theirs)):
                self.assertEqual(a, b, f"record {number}")
            self.assertEqual(project.query("select count(_rescued) as n from raw.real"), [(0,)])
            project.verify()

    def test_every_csv_and_tsv_file(self):
        there = sorted(p for p in vega_folder(self).iterdir() if p.suffix in (".csv", ".tsv"))
        self.assertEqual({p.name for p in there}, set(FILES))
        for path in there:
            with self.subTest(path.name):
                self.compare(path)


# JSON: records of each file. Those that are one document have, in the second place, their lists of objects: a model
# makes rows of each.
JSON_FILES = {
    "annual-precip.json": (1, {}), "anscombe.json": (44, {}), "barley.json": (120, {}), "budget.json": (237, {}),
    "budgets.json": (230, {}), "burtin.json": (16, {}), "cars.json": (406, {}), "countries.json": (620, {}),
    "crimea.json": (24, {}), "driving.json": (55, {}), "earthquakes.json": (1, {"features": 1707}),
    "flare-dependencies.json": (764, {}), "flare.json": (252, {}), "flights-10k.json": (10000, {}),
    "flights-200k.json": (200000, {}), "flights-20k.json": (20000, {}), "flights-2k.json": (2000, {}),
    "flights-5k.json": (5000, {}), "football.json": (6508, {}), "gapminder.json": (682, {}), "income.json": (520, {}),
    "jobs.json": (7650, {}), "londonBoroughs.json": (1, {}), "londonCentroids.json": (33, {}),
    "londonTubeLines.json": (1, {}), "miserables.json": (1, {"nodes": 77, "links": 254}), "monarchs.json": (12, {}),
    "movies.json": (3201, {}), "normal-2d.json": (500, {}), "obesity.json": (50, {}), "ohlc.json": (44, {}),
    "penguins.json": (344, {}), "platformer-terrain.json": (7514, {}), "political-contributions.json": (58, {}),
    "population.json": (570, {}), "udistrict.json": (182, {}), "unemployment-across-industries.json": (1708, {}),
    "uniform-2d.json": (500, {}), "us-10m.json": (1, {}), "us-state-capitals.json": (50, {}), "volcano.json": (1, {}),
    "weekly-weather.json": (10, {}), "wheat.json": (52, {}), "world-110m.json": (1, {}),
}

# Columns that are text, or a date of another form than ISO 8601, for a reason that init says.
SEEN = {
    "budget.json": {f"c{year}": "varchar" for year in range(1962, 2011)} | {"TQ": "varchar"},
    "co2-concentration.csv": {"CO2": "decimal(18,2)", "adjusted_co2": "decimal(18,2)"},
    "flights-10k.json": {"date": "timestamp"}, "flights-20k.json": {"date": "timestamp"},
    "flights-2k.json": {"date": "timestamp"}, "flights-5k.json": {"date": "timestamp"},
    "github.csv": {"time": "timestamp"},
    "movies.json": {"Title": "varchar", "release_date": "date"},
    "political-contributions.json": {
        "Transfers_from_Authorized_Committees": "varchar", "Other_Loans": "varchar", "Coverage_End_Date": "date",
        "Contributions_from_Other_Political_Committees": "varchar", "Refunds_to_Committees": "varchar"},
    "sp500.csv": {"date": "date"}, "species.csv": {"county_id": "varchar"}, "stocks.csv": {"date": "date"},
    "wheat.json": {"year": "varchar"}, "windvectors.csv": {"speed": "decimal(18,2)"},
    "zipcodes.csv": {"zip_code": "varchar"},
}


def pythons_csv(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    return [{name: None if text == "" else text for name, text in row.items()} for row in rows]


def pythons_json(path):
    document = json.loads(path.read_text("utf-8"), parse_float=decimal.Decimal)
    return document if isinstance(document, list) else [document]


def as_column(value, column):
    """What Python's value must be in a column of that type."""
    kind = column["type"]
    if value is None:
        return None
    if kind == "json":
        return value
    if kind == "varchar":
        return value if isinstance(value, str) else json.dumps(value)
    if kind == "bool":
        return value if isinstance(value, bool) else {"true": True, "false": False}[value.lower()]
    if kind == "double":
        return float(value)
    if kind.startswith(("decimal", "bigint")):
        return decimal.Decimal(value)
    if kind == "timestamptz":
        return datetime.datetime.fromisoformat(value)
    if "format" in column:
        moment = datetime.datetime.strptime(value, column["format"])
        return str(moment.date() if kind == "date" else moment)
    return value.replace("T", " ")


def from_text(text, kind):
    """A cell of ours, which came as text."""
    if text is None:
        return None
    if kind == "json":
        return json.loads(text, parse_float=decimal.Decimal)
    if kind == "bool":
        return text == "true"
    if kind == "double":
        return float(text)
    if kind == "timestamptz":
        return datetime.datetime.fromisoformat(text)
    return decimal.Decimal(text) if kind.startswith(("decimal", "bigint")) else text


class InitFiles(unittest.TestCase):
    """weir init --from-file, weir check, weir run: rows, nulls, values and sums are Python's, and nothing by hand."""

    def begin(self, path):
        project = Project()
        (project.folder / "weir.yaml").unlink()
        told = json.loads(project.weir("init", ".", "--from-file", str(path), "--json"))
        project.weir("check")
        return project, told

    def compare(self, path, theirs):
        project, told = self.begin(path)
        with project:
            counts = project.run()["pipelines"][0]["counts"]
            self.assertEqual((counts["read"], counts["accepted"], counts["rejected"]), (len(theirs), len(theirs), 0))
            self.assertEqual((told["rows"], told["refused"], told["whole"], told["notes"]), (len(theirs), 0, True, []))
            columns, table = told["columns"], "raw." + told["pipeline"]
            self.assertEqual({c["name"]: c["type"] for c in columns if "seen" in c}, SEEN.get(path.name, {}))
            self.assertEqual({c["from"] for c in columns}, {name for row in theirs for name in row})
            cells = ", ".join(f'"{c["name"]}"::varchar as "{c["name"]}"' for c in columns)
            mine = project.query(f"select {cells} from {table} order by _offset")
            self.assertEqual(len(mine), len(theirs))
            for number, (a, b) in enumerate(zip(mine, theirs)):
                self.assertEqual([from_text(cell, c["type"]) for cell, c in zip(a, columns)],
                                 [as_column(b.get(c["from"]), c) for c in columns], f"record {number}")
            self.compare_totals(project, table, columns, theirs)
            self.assertEqual(project.query(f"select count(_rescued) as n from {table}"), [(0,)])
            project.verify()

    def compare_totals(self, project, table, columns, theirs):
        for column in columns:
            values = [row[column["from"]] for row in theirs if row.get(column["from"]) is not None]
            name, kind = column["name"], column["type"]
            number = kind.startswith(("bigint", "double", "decimal"))
            total = f'sum("{name}")::varchar' if number else "null"
            (nulls, ours), = project.query(f'select count(*) - count("{name}") as n, {total} as s from {table}')
            self.assertEqual(nulls, len(theirs) - len(values), name)
            if kind == "double":
                exact = math.fsum(float(v) for v in values)
                self.assertTrue(math.isclose(float(ours), exact, rel_tol=1e-9, abs_tol=1e-9), (name, ours, exact))
            elif number and values:
                self.assertEqual(decimal.Decimal(ours), sum(decimal.Decimal(v) for v in values), name)

    def test_every_csv_and_tsv_file(self):
        for path in sorted(p for p in vega_folder(self).iterdir() if p.suffix in (".csv", ".tsv")):
            with self.subTest(path.name):
                theirs = pythons_csv(path)
                self.assertEqual(len(theirs), FILES[path.name][0])
                self.compare(path, theirs)

    def test_every_json_file(self):
        there = sorted(p for p in vega_folder(self).iterdir() if p.suffix == ".json")
        self.assertEqual({p.name for p in there}, set(JSON_FILES))
        for path in there:
            with self.subTest(path.name):
                theirs = pythons_json(path)
                self.assertEqual(len(theirs), JSON_FILES[path.name][0])
                self.compare(path, theirs)

    def test_lists_of_a_document_become_rows(self):
        for name, (_, lists) in JSON_FILES.items():
            if not lists:
                continue
            path = vega_folder(self) / name
            document, = pythons_json(path)
            project, told = self.begin(path)
            with self.subTest(name), project:
                self.assertEqual(len(told["files"]), 1 + len(lists))
                project.weir("run")
                for member, rows in lists.items():
                    self.compare_list(project, f"silver.{told['pipeline']}_{member}", document[member], rows)

    def compare_list(self, project, table, items, rows):
        self.assertEqual(len(items), rows)
        names = {name for item in items for name in item}
        mine = json.loads(project.weir("query", f"select * from {table}", "-o", "json"), parse_float=decimal.Decimal)["rows"]
        nested = {name for item in items for name, value in item.items() if isinstance(value, (dict, list))}
        read = [{name: json.loads(row[name], parse_float=decimal.Decimal) if name in nested and row[name] else row[name]
                 for name in row} for row in mine]
        self.assertEqual({name for row in mine for name in row}, names)
        key = lambda row: json.dumps(row, sort_keys=True, default=str)
        self.assertEqual(sorted(map(key, read)), sorted(key({n: item.get(n) for n in names}) for item in items))

    def test_arrow_and_parquet_files(self):
        import pyarrow.feather
        import pyarrow.parquet
        for name, read in (("flights-200k.arrow", pyarrow.feather.read_table), ("flights-3m.parquet", pyarrow.parquet.read_table)):
            path = vega_folder(self) / name
            theirs = read(path)
            project, told = self.begin(path)
            with self.subTest(name), project:
                counts = project.run()["pipelines"][0]["counts"]
                self.assertEqual((counts["accepted"], counts["rejected"]), (theirs.num_rows, 0))
                self.assertEqual([c["from"] for c in told["columns"]], theirs.column_names)
                self.compare_columns(project, told, theirs)

    def compare_columns(self, project, told, theirs):
        import pyarrow.compute as compute
        for column in told["columns"]:
            values = theirs[column["from"]]
            number = column["type"] in ("int", "bigint", "double")
            total = f'sum("{column["name"]}")::double' if number else "null"
            (there, ours), = project.query(f'select count("{column["name"]}") as n, {total} as s from raw.{told["pipeline"]}')
            self.assertEqual(there, len(values) - values.null_count)
            if number:
                self.assertTrue(math.isclose(ours, compute.sum(values.cast("float64")).as_py(), rel_tol=1e-9), column)


if __name__ == "__main__":
    unittest.main()
