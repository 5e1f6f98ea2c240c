"""PyIceberg opens what Weir wrote: equal rows, sums and schema; it appends, and Weir commits on top."""
import datetime
import decimal
import pathlib
import unittest

import pyarrow as pa
import pyarrow.parquet as pq

from weir_project import Project, event

GOOD = [event(i) for i in range(1000)]
BAD = [event(5000, broken="cut"), event(5001, broken="type"), event(5002, broken="rule"), "[1, 2]"]

ALL_TYPES = """
weir: 1
name: types
pipelines:
  all:
    source: { files: "in/*" }
    contract:
      columns:
        b: bool
        i: int
        l: bigint
        d: double
        c: decimal(20,4)
        s: varchar
        u: uuid
        day: date
        t: time
        ts: timestamp
        tz: timestamptz
        j: json
        x: binary
    sink: { table: raw.types }
"""
ONE_OF_EACH = (
    '{"b": true, "i": -5, "l": 9007199254740993, "d": 1.5, "c": 1234567890123456.7891, "s": "ü\\u0041", '
    '"u": "f79c3e09-677c-4bbd-a479-3f349cb785e7", "day": "2017-11-16", "t": "22:31:08.000001", '
    '"ts": "2017-11-16T22:31:08", "tz": "2017-11-16T23:31:08+01:00", "j": {"a": [1, 2]}, "x": "AAEC", "more": 7}')


NESTED = """
weir: 1
name: nested
pipelines:
  sales:
    source: { files: "in/*" }
    contract:
      columns:
        id: int not null
        items: list(struct(sku varchar, qty int, price decimal(12,2)))
        place: struct(x int, y struct(tags list(varchar)))
    sink: { table: raw.sales }
"""


class Judge(unittest.TestCase):
    def test_every_table_reads_the_same(self):
        with Project(rows=300, sink=", partition_by: [day(at), kind]") as project:
            project.write("in/a.ndjson", "\n".join(GOOD + BAD) + "\n")
            project.run()
            catalog = project.catalog()
            events = catalog.load_table("raw.events")
            rows = events.scan().to_arrow()
            self.assertEqual(rows.num_rows, 1000)
            ours = project.query("select count(*) as n, sum(id) as ids, sum(price)::varchar as prices, "
                                 "min(\"at\")::varchar as first from raw.events")[0]
            theirs = rows.to_pydict()
            self.assertEqual(ours[0], rows.num_rows)
            self.assertEqual(int(ours[1]), sum(theirs["id"]))
            self.assertEqual(decimal.Decimal(ours[2]), sum(p for p in theirs["price"] if p is not None))
            self.assertEqual(sorted(theirs["_offset"])[0], 0)
            self.assertEqual([str(field.field_type) for field in events.schema().fields][:4],
                             ["long", "string", "decimal(10, 2)", "timestamptz"])
            self.assertTrue(events.schema().find_field("id").required)
            # A scan with a filter prunes by our bounds and partition summaries, and must not lose rows.
            filtered = events.scan(row_filter="id >= 990 and kind == 'view'").to_arrow()
            self.assertEqual(filtered.num_rows, sum(1 for i in range(990, 1000) if i % 3 != 0))
            letters = catalog.load_table("dead_letters.events").scan().to_arrow().to_pylist()
            self.assertEqual(sorted(row["raw"].decode() for row in letters), sorted(BAD))
            codes = {row["raw"].decode(): [reason["code"] for reason in row["reasons"]] for row in letters}
            self.assertEqual(codes[event(5001, broken="type")], ["type.bigint"])
            self.assertEqual(codes[event(5002, broken="rule")], ["rule.known_kind"])
            self.assertEqual({row["line"] for row in letters}, {1001, 1002, 1003, 1004})

    def test_every_type_reads_the_same(self):
        with Project(ALL_TYPES) as project:
            project.write("in/a.ndjson", ONE_OF_EACH + "\n{}\n")
            self.assertEqual(project.run()["pipelines"][0]["counts"]["accepted"], 2)
            row, empty = project.catalog().load_table("raw.types").scan().to_arrow().to_pylist()
            self.assertTrue(all(empty[name] is None for name in "b i l d c s u day t ts tz j x".split()))
            self.assertEqual(row["l"], 9007199254740993)
            self.assertEqual(row["c"], decimal.Decimal("1234567890123456.7891"))
            self.assertEqual(row["s"], "üA")
            self.assertEqual(str(row["u"]) if not isinstance(row["u"], bytes) else row["u"].hex(),
                             "f79c3e09-677c-4bbd-a479-3f349cb785e7"
                             if not isinstance(row["u"], bytes) else "f79c3e09677c4bbda4793f349cb785e7")
            self.assertEqual(row["day"], datetime.date(2017, 11, 16))
            self.assertEqual(row["t"], datetime.time(22, 31, 8, 1))
            self.assertEqual(row["tz"].timestamp(), 1510871468)
            self.assertEqual(row["x"], b"\x00\x01\x02")
            self.assertEqual(row["j"].replace(" ", ""), '{"a":[1,2]}')
            self.assertEqual(row["_rescued"].replace(" ", ""), '{"more":7}')
            ours = project.query("select l, c::varchar as c, s, u::varchar as u from raw.types where b")
            self.assertEqual(ours, [(9007199254740993, "1234567890123456.7891", "üA",
                                     "f79c3e09-677c-4bbd-a479-3f349cb785e7")])

    def test_nested_columns_read_the_same(self):
        with Project(NESTED) as project:
            project.write("in/a.ndjson", "\n".join([
                '{"id": 1, "items": [{"sku": "a", "qty": 2, "price": 1.25}, null, {"sku": "b", "z": 1}], '
                '"place": {"x": 1, "y": {"tags": ["p", null]}}}',
                '{"id": 2, "items": [], "place": null}',
                '{"id": 3, "place": {}}',
                '{"id": 4, "items": [{"qty": "two"}]}']) + "\n")
            project.run()
            table = project.catalog().load_table("raw.sales")
            ids = [field.field_id for field in table.schema()._lazy_id_to_field.values()]
            self.assertEqual(len(ids), len(set(ids)))
            self.assertEqual(str(table.schema().find_type("items.element.price")), "decimal(12, 2)")
            rows = sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["id"])
            self.assertEqual(rows[0]["items"], [{"sku": "a", "qty": 2, "price": decimal.Decimal("1.25")}, None,
                                                {"sku": "b", "qty": None, "price": None}])
            self.assertEqual(rows[0]["place"], {"x": 1, "y": {"tags": ["p", None]}})
            self.assertEqual(rows[0]["_rescued"], '{"items[2].z":1}')
            # PyIceberg 0.12 reads a null list of structs as an empty one (it drops the mask); Arrow tells them apart.
            files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
            stored = sorted((row for file in files for row in pq.read_table(file).to_pylist()), key=lambda r: r["id"])
            self.assertEqual([row["items"] for row in stored[1:]], [[], None])
            self.assertEqual([row["place"] for row in rows[1:]], [None, {"x": None, "y": None}])
            # A filter on a flat column prunes; nested ones have no bounds that could be wrong.
            self.assertEqual(table.scan(row_filter="id == 2").to_arrow().num_rows, 1)
            ours = project.query("select id, items[1].qty as qty, place.y.tags[1] as tag from raw.sales order by id")
            self.assertEqual(ours, [(1, 2, "p"), (2, None, None), (3, None, None)])
            letters = project.catalog().load_table("dead_letters.sales").scan().to_arrow().to_pylist()
            self.assertEqual([(r["reasons"][0]["code"], r["reasons"][0]["detail"]) for r in letters],
                             [("type.int", "items[0].qty: 'two' is not an int")])

    def test_both_write_the_same_table(self):
        with Project() as project:
            project.write("in/a.ndjson", "\n".join(GOOD[:10]) + "\n")
            project.run()
            table = project.catalog().load_table("raw.events")
            schema = table.schema().as_arrow()
            now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
            table.append(pa.Table.from_pylist(
                [{"id": 77, "kind": "view", "price": decimal.Decimal("1.00"), "at": now, "_ingested_at": now,
                  "_batch": "elsewhere", "_source": "elsewhere", "_offset": 0, "_rescued": None}], schema=schema))
            self.assertEqual(project.query("select count(*) as n from raw.events"), [(11,)])
            project.write("in/b.ndjson", "\n".join(GOOD[10:20]) + "\n")
            project.run()
            self.assertEqual(project.query("select count(*) as n from raw.events"), [(21,)])
            self.assertEqual(project.catalog().load_table("raw.events").scan().to_arrow().num_rows, 21)
            self.assertEqual([t["foreign_rows"] for t in project.verify()["tables"] if t["table"] == "raw.events"], [1])

    def test_a_foreign_commit_between_our_read_and_our_commit(self):
        import signal
        import time
        with Project() as project:
            project.write("in/a.ndjson", "\n".join(GOOD[:10]) + "\n")
            project.run()
            project.write("in/b.ndjson", "\n".join(GOOD[10:20]) + "\n")
            process = project.start("run", failpoint="commit.prepared:1:pause")
            deadline = time.monotonic() + 30
            while pathlib.Path(f"/proc/{process.pid}/stat").read_text().split(") ")[1][0] != "T":
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            table = project.catalog().load_table("raw.events")
            table.append(table.scan(row_filter="id == 1").to_arrow())
            process.send_signal(signal.SIGCONT)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, out + err)
            self.assertEqual(project.query("select count(*) as n from raw.events"), [(21,)])
            self.assertEqual(project.catalog().load_table("raw.events").scan().to_arrow().num_rows, 21)

    def test_a_table_that_pyiceberg_made_is_queried(self):
        with Project() as project:
            project.write("in/a.ndjson", GOOD[0] + "\n")
            project.run()
            catalog = project.catalog()
            catalog.create_namespace("theirs")
            rows = pa.table({"n": pa.array([1, 2, None], pa.int64()), "name": ["a", None, "c"]})
            table = catalog.create_table("theirs.things", schema=rows.schema)
            table.append(rows)
            with table.update_schema() as update:
                update.rename_column("name", "label")
                update.add_column("extra", __import__("pyiceberg.types", fromlist=["LongType"]).LongType())
            self.assertEqual(project.query("select n, label, extra from theirs.things order by n nulls last"),
                             [(1, "a", None), (2, None, None), (None, "c", None)])

    def test_every_partition_transform_prunes_and_loses_nothing(self):
        specs = ["year(at)", "month(at)", "day(at)", "hour(at)", "'bucket(4, id)'", "'bucket(4, kind)'",
                 "'truncate(10, id)'", "'truncate(2, kind)'", "kind"]
        for spec in specs:
            with self.subTest(spec=spec), Project(sink=f", partition_by: [{spec}]") as project:
                project.write("in/a.ndjson", "\n".join(GOOD[:300]) + "\n")
                project.run()
                table = project.catalog().load_table("raw.events")
                self.assertEqual(len(table.spec().fields), 1)
                self.assertEqual(table.scan().to_arrow().num_rows, 300)
                for row_filter in ("id >= 290", "id == 17", "kind == 'view'", "at >= '2026-01-01T00:00:00+00:00'"):
                    sql = row_filter.replace("==", "=").replace("at >=", '"at" >=')
                    ours = project.query(f"select count(*) as n from raw.events where {sql}")[0][0]
                    self.assertEqual(table.scan(row_filter=row_filter).to_arrow().num_rows, ours, row_filter)

    def test_upserts_merges_and_rollbacks_read_the_same(self):
        sink = ", write: upsert, key: id, partition_by: ['bucket(4, id)'], sort_by: [kind, id desc]"
        with Project(rows=100, sink=sink) as project:
            project.write("in/a.ndjson", "\n".join(GOOD[:300]) + "\n")
            project.run()
            project.write("in/b.ndjson", "\n".join(GOOD[200:400]) + "\n")
            project.run()
            catalog = project.catalog()
            rows = catalog.load_table("raw.events").scan().to_arrow()
            self.assertEqual(sorted(rows["id"].to_pylist()), list(range(400)))
            self.assertEqual({row["_source"] for row in rows.to_pylist() if row["id"] >= 200}, {"in/b.ndjson"})
            files = len(project.weir("table", "files", "raw.events").splitlines())
            project.weir("table", "compact", "raw.events")
            self.assertLess(len(project.weir("table", "files", "raw.events").splitlines()), files)
            table = catalog.load_table("raw.events")
            self.assertEqual(sorted(table.scan().to_arrow()["id"].to_pylist()), list(range(400)))
            first = table.snapshots()[0].snapshot_id
            self.assertEqual(table.scan(snapshot_id=first).to_arrow().num_rows,
                             project.query(f"select count(*) as n from raw.events@{first}")[0][0])
            project.weir("table", "rollback", "raw.events", str(first))
            self.assertEqual(catalog.load_table("raw.events").scan().to_arrow().num_rows,
                             table.scan(snapshot_id=first).to_arrow().num_rows)

    def test_models_and_their_rejected_rows_are_tables_and_views_are_not_in_the_way(self):
        with Project() as project:
            project.write("in/a.ndjson", "\n".join(GOOD) + "\n")
            project.write("models/silver/seen.sql", "--| materialize: view\nSELECT id, kind FROM raw.events\n")
            project.write("models/gold/kept.sql", "--| checks: [{ expect: id < 990, on_fail: reject }]\n"
                                                  "SELECT id, kind FROM silver.seen\n")
            project.run()
            catalog = project.catalog()
            self.assertNotIn(("silver",), catalog.list_namespaces())
            self.assertEqual(catalog.list_tables("gold"), [("gold", "kept")])
            self.assertEqual(catalog.load_table("gold.kept").scan().to_arrow().num_rows, 990)
            letters = catalog.load_table(("dead_letters", "gold", "kept")).scan().to_arrow().to_pylist()
            self.assertEqual(len(letters), 10)
            self.assertEqual({row["reasons"][0]["rule"] for row in letters}, {"id < 990"})


if __name__ == "__main__":
    unittest.main()
