"""Makes a dataset from a simulated EDGAR and reads it with DuckDB, pyarrow, Polars and PySpark.

Called by tests/engines/run. Every check compares with the SQLite database of the dataset.
"""

import datetime
import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading

PARTITIONED = ["filings", "filers", "artifacts"]
NOW = "2025-07-01T12:00:00Z"


class Work:
    """A folder with a database and its dataset."""

    def __init__(self, binary, folder):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder = pathlib.Path(folder)
        self.dataset = self.folder / "dataset"
        self.env = {"HOME": folder, "XDG_STATE_HOME": f"{folder}/state", "FILING_ETL_NOW": NOW}

    def run(self, *args):
        command = [self.binary, "-q", *args]
        subprocess.run(command, cwd=self.folder, env=self.env, check=True, stdout=subprocess.PIPE)

    def make(self):
        serve = [self.binary, "sim", "--companies", "120", "--today", "2025-06-30"]
        with subprocess.Popen(serve, cwd=self.folder, env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as sim:
            try:
                url = next(word for line in sim.stdout for word in line.split()
                           if word.startswith("http://127.0.0.1"))
                for name in ["ARCHIVES", "DATA", "LISTINGS"]:
                    self.env[f"FILING_ETL_{name}_URL"] = url.rstrip("/.,")
                self.env["FILING_ETL_USER_AGENT"] = "filing-etl tests tests@example.com"
                self.env["FILING_ETL_RATE"] = "none"
                self.run("backfill", "--form", "all", "--since", "2021-01-01", "--exchange", "all",
                         "--no-download")
                self.run("download", "--exchange", "nasdaq")
                self.run("facts", "sync")
            finally:
                sim.terminate()
        self.run("export", "--to", "dataset", "--what",
                 "companies,listings,filings,filers,artifacts,facts")

    def sql(self, query):
        with sqlite3.connect(self.folder / "filings.db") as db:
            return db.execute(query).fetchall()

    def expected(self):
        """Rows of each table, by SQLite."""
        queries = {
            "companies": "SELECT count(*) FROM v_companies",
            "listings": "SELECT count(*) FROM v_listings",
            "filings": "SELECT count(DISTINCT accession) FROM v_filings",
            "filers": "SELECT count(*) FROM v_filings",
            "artifacts": "SELECT count(*) FROM v_artifacts",
        }
        rows = {table: self.sql(query)[0][0] for table, query in queries.items()}
        assert all(rows.values()), rows
        manifest = json.loads((self.dataset / "_filing_etl.json").read_text())
        rows["facts"] = manifest["tables"]["facts"]["rows"]
        assert rows["facts"] > 0
        return rows

    def glob(self, table):
        if table in PARTITIONED:
            return str(self.dataset / table / "*" / "*.parquet")
        return str(self.dataset / (f"{table}/*.parquet" if table == "facts" else f"{table}.parquet"))


def same(name, found, expected):
    assert found == expected, f"{name}: {found!r}, expected {expected!r}"


def with_duckdb(work):
    import duckdb

    db = duckdb.connect()
    for table, rows in work.expected().items():
        db.execute(f"CREATE VIEW {table} AS FROM read_parquet('{work.glob(table)}')")
        same(table, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0], rows)
    types = {name: type_ for name, type_, *_ in db.execute("DESCRIBE filings").fetchall()}
    for column, type_ in {"accession": "VARCHAR", "cik": "BIGINT", "filed_on": "DATE", "form": "VARCHAR",
                          "accepted_at": "TIMESTAMP WITH TIME ZONE", "size": "BIGINT",
                          "is_xbrl": "BOOLEAN", "year": "BIGINT"}.items():
        same(f"type of {column}", types[column], type_)
    # One file of several is read for a year, and the filter on the CIK is pushed into the scan.
    years = len(list((work.dataset / "filings").iterdir()))
    assert years > 2
    cik = work.sql("SELECT folder FROM v_filings ORDER BY 1 LIMIT 1")[0][0]
    query = f"SELECT count(*) FROM filings WHERE year = 2024 AND cik = {cik}"
    plan = db.execute("EXPLAIN ANALYZE " + query).fetchall()[0][1]
    plan = " ".join(plan.replace("│", " ").split())
    assert f"1/{years}" in plan, plan
    assert f"cik={cik}" in plan.replace(" ", ""), plan
    same("pruned rows", db.execute(query).fetchone()[0], work.sql(
        f"SELECT count(*) FROM v_filings WHERE folder = cik AND cik = {cik} AND filed_on LIKE '2024%'")[0][0])
    joined = db.execute("""
        SELECT count(*), count(DISTINCT f.accession) FROM facts AS x
        JOIN filings AS f USING (accession) JOIN artifacts AS a USING (accession)
        WHERE a.kind = 'primary' AND x.tag = 'Revenues'""").fetchone()
    assert joined[0] > 0 and joined[1] > 0, joined
    joint = db.execute("SELECT count(*) FROM filers JOIN filings USING (accession)").fetchone()[0]
    same("joined filers", joint, work.expected()["filers"])
    return f"duckdb {duckdb.__version__}"


def ten_questions(work):
    """Runs the queries of docs/dataset.md in DuckDB."""
    import duckdb

    docs = pathlib.Path(__file__).parents[2] / "docs" / "dataset.md"
    sql = docs.read_text().split("```sql\n")[1].split("```")[0]
    statements = [statement for statement in sql.split(";\n") if statement.strip()]
    db = duckdb.connect()
    answered = 0
    for statement in statements:
        found = db.execute(statement.replace("dataset/", f"{work.dataset}/")).fetchall()
        answered += bool(found) and "CREATE VIEW" not in statement
    same("statements", len(statements), 17)
    assert answered >= 5, answered
    return f"{answered} of the ten questions have answers"


def read_during_exports(work):
    """Counts filings again and again while exports replace every file of them."""
    import duckdb

    done = threading.Event()
    failures = []

    def export():
        try:
            for _ in range(5):
                with sqlite3.connect(work.folder / "filings.db") as db:
                    db.execute("UPDATE years SET change = random()")
                work.run("export", "--to", "dataset")
        except Exception as error:  # told by the thread that reads
            failures.append(error)
        finally:
            done.set()

    rows, reads = work.expected()["artifacts"], 0
    exporter = threading.Thread(target=export)
    exporter.start()
    while not done.is_set():
        found = duckdb.connect().execute(f"SELECT count(accession) FROM '{work.glob('artifacts')}'")
        same("rows read during an export", found.fetchone()[0], rows)
        reads += 1
    exporter.join()
    assert not failures, failures
    assert reads > 3, reads


def with_pyarrow(work):
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    for table, rows in work.expected().items():
        place = work.dataset / (table if table in [*PARTITIONED, "facts"] else f"{table}.parquet")
        found = ds.dataset(str(place), format="parquet", partitioning="hive")
        same(table, found.count_rows(), rows)
    filings = ds.dataset(str(work.dataset / "filings"), format="parquet", partitioning="hive")
    schema = filings.schema
    same("filed_on", schema.field("filed_on").type, pa.date32())
    same("accepted_at", schema.field("accepted_at").type, pa.timestamp("us", tz="UTC"))
    same("cik", schema.field("cik").type, pa.int64())
    same("is_xbrl", schema.field("is_xbrl").type, pa.bool_())
    fragments = list(filings.get_fragments(filter=ds.field("year") == 2024))
    same("files of a year", len(fragments), 1)
    file = pq.ParquetFile(fragments[0].path)
    group = file.metadata.row_group(0)
    column = next(group.column(i) for i in range(group.num_columns)
                  if group.column(i).path_in_schema == "cik")
    assert column.statistics.has_min_max and column.statistics.min < column.statistics.max
    table = filings.to_table(filter=ds.field("filed_on") >= datetime.date(2025, 1, 1))
    same("rows since a day", table.num_rows, work.sql(
        "SELECT count(DISTINCT accession) FROM v_filings WHERE filed_on >= '2025-01-01'")[0][0])
    ciks = pq.read_table(fragments[0].path, columns=["cik", "filed_on"]).to_pylist()
    assert ciks == sorted(ciks, key=lambda row: (row["cik"], row["filed_on"]))
    return f"pyarrow {pa.__version__}"


def with_polars(work):
    import polars as pl

    for table, rows in work.expected().items():
        found = pl.scan_parquet(work.glob(table), hive_partitioning=table in PARTITIONED)
        same(table, found.select(pl.len()).collect().item(), rows)
    artifacts = pl.scan_parquet(str(work.dataset / "artifacts"), hive_partitioning=True)
    schema = artifacts.collect_schema()
    same("filed_on", schema["filed_on"], pl.Date)
    same("downloaded_at", schema["downloaded_at"], pl.Datetime("us", "UTC"))
    of_year = artifacts.filter((pl.col("year") == 2024) & (pl.col("status") == "downloaded"))
    plan = of_year.explain()
    assert "SELECTION" in plan and "year=2024" in plan and "year=2023" not in plan, plan
    same("downloaded of a year", of_year.select(pl.len()).collect().item(), work.sql(
        "SELECT count(*) FROM v_artifacts WHERE status = 'downloaded' AND filed_on LIKE '2024%'")[0][0])
    return f"polars {pl.__version__}"


def with_spark(work):
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[2]").appName("filing-etl")
             .config("spark.ui.enabled", "false")
             # Spark's snappy does not load on every system.
             .config("spark.sql.parquet.compression.codec", "zstd")
             .config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.shuffle.partitions", "2").getOrCreate())
    try:
        for table, rows in work.expected().items():
            place = work.dataset / (table if table in [*PARTITIONED, "facts"] else f"{table}.parquet")
            frame = spark.read.parquet(str(place))
            frame.createOrReplaceTempView(table)
            same(table, frame.count(), rows)
        types = dict(spark.table("filings").dtypes)
        for column, type_ in {"cik": "bigint", "filed_on": "date", "accepted_at": "timestamp",
                              "is_xbrl": "boolean", "year": "int"}.items():
            same(f"type of {column}", types[column], type_)
        cik = work.sql("SELECT folder FROM v_filings ORDER BY 1 LIMIT 1")[0][0]
        query = f"SELECT form FROM filings WHERE year = 2024 AND cik = {cik}"
        plan = spark.sql("EXPLAIN FORMATTED " + query).collect()[0][0]
        assert "PartitionFilters" in plan and "year" in plan.split("PartitionFilters")[1][:80], plan
        assert f"EqualTo(cik,{cik})" in plan, plan
        joined = spark.sql("""
            SELECT count(*) FROM facts x JOIN filings f ON f.accession = x.accession
            JOIN artifacts a ON a.accession = f.accession WHERE a.kind = 'primary'""")
        assert joined.collect()[0][0] > 0
        # The job of docs/dataset.md, with this folder in place of the bucket.
        docs = pathlib.Path(__file__).parents[2] / "docs" / "dataset.md"
        job = docs.read_text().split("```python\n")[2].split("```")[0]
        exec(job.replace("s3a://bucket/edgar", str(work.dataset)), {})
        years = spark.read.parquet(str(work.folder / "reports" / "by_year")).collect()
        annual = "FROM v_filings WHERE form = '10-K' AND filed_on >= '2020-01-01'"
        same("annual reports", sum(row.filings for row in years), work.sql(
            f"SELECT count(DISTINCT accession) {annual}")[0][0])
        assert any(row.median_revenues for row in years), years
        return f"pyspark {spark.version}"
    finally:
        spark.stop()


REPORT = """<html><body><p>FORM 10-K</p>
<h2>Item 1. Business</h2><p>We sell things to people.</p>
<h2>Item 1A. Risk Factors</h2><p>There is a material weakness in what we do.</p>
<h2>Item 1B. Unresolved Staff Comments</h2><p>None.</p></body></html>"""


def texts(work):
    """Runs the sections and the search of docs/dataset.md over texts, one of them with a known report."""
    import duckdb

    accession, path = work.sql("""
        SELECT accession, path FROM v_artifacts WHERE status = 'downloaded' AND form = '10-K'
        AND kind = 'primary' AND name LIKE '%.htm' ORDER BY id LIMIT 1""")[0]
    (work.folder / "filings" / path).write_text(REPORT)
    with sqlite3.connect(work.folder / "filings.db") as db:
        db.execute("""UPDATE artifacts SET sha256 = ?, bytes = ? WHERE kind = 'primary' AND filing =
            (SELECT id FROM filings WHERE accession = ?)""",
            [hashlib.sha256(REPORT.encode()).digest(), len(REPORT), accession])
        db.execute("UPDATE years SET change = change + 1")
    work.run("export", "--to", "dataset", "--what", "text")
    docs = (pathlib.Path(__file__).parents[2] / "docs" / "dataset.md").read_text()
    db = duckdb.connect()
    for statement in docs.split("```sql\n")[2].split("```")[0].split(";\n"):
        if statement.strip():
            found = db.execute(statement.replace("dataset/", f"{work.dataset}/"))
    columns = [column[0] for column in found.description]
    same("first columns", columns[:5], ["filename", "cik", "year", "section_1", "section_1A"])
    same("columns", len(columns), 23)
    rows = [dict(zip(columns, row)) for row in found.fetchall()]
    same("annual reports", len(rows), work.sql("""SELECT count(*) FROM v_artifacts
        WHERE status = 'downloaded' AND form LIKE '10-K%' AND form NOT LIKE '%/A'
        AND kind = 'primary'""")[0][0])
    full = [row for row in rows if row["section_1"].endswith("We sell things to people.")]
    same("sections", [row["section_1A"].split("\n")[-1] for row in full],
         ["There is a material weakness in what we do."])
    same("an item that is not there", full[0]["section_7"], "")
    same("reports with sections", any(row["section_7"] for row in rows), True)
    job = docs.split("```python\n")[1].split("```")[0]
    before = os.getcwd()
    os.chdir(work.folder)
    try:
        scope = {}
        exec(job, scope)
    finally:
        os.chdir(before)
    count = scope["search"].execute("SELECT count(*) FROM search").fetchone()[0]
    same("texts", count, db.execute("SELECT count(*) FROM text").fetchone()[0])
    hits = scope["search"].execute(scope["query"], ['"material weakness" OR restatement']).fetchall()
    same("found", [hit[0] for hit in hits], [accession])
    return f"{count} texts, {len(rows)} annual reports by section, and the search of them"


def main():
    binary, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        work = Work(binary, folder)
        work.make()
        checks = [with_duckdb, ten_questions, with_pyarrow, with_polars]
        if "--spark" in options:
            checks.append(with_spark)
        for check in checks:
            print("ok:", check(work))
        read_during_exports(work)
        print("ok: reads during exports")
        print("ok:", texts(work))


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
