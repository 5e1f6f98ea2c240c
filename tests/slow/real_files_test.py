"""Real files nobody here made: all CSV and TSV files of npm vega-datasets@3, cell by cell against Python's csv module.

./dev test slow fetches them (WEIR_DEPS/vega-datasets); WEIR_VEGA names another folder. An empty field is null.
"""
import csv
import datetime
import decimal
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
        folder = os.environ.get("WEIR_VEGA") or (os.environ.get("WEIR_DEPS") and os.environ["WEIR_DEPS"] + "/vega-datasets")
        if not folder:
            self.skipTest("WEIR_VEGA is not set")
        there = sorted(p for p in pathlib.Path(folder).iterdir() if p.suffix in (".csv", ".tsv"))
        self.assertEqual({p.name for p in there}, set(FILES))
        for path in there:
            with self.subTest(path.name):
                self.compare(path)


if __name__ == "__main__":
    unittest.main()
