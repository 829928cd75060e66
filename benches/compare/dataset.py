"""Does the work of benches/dataset.rs with DuckDB and pyarrow: python3 benches/compare/dataset.py FOLDER

FOLDER is that of `cargo bench --bench dataset -- ROWS MB FOLDER`. DuckDB reads rows through Python's
sqlite3 if its own scanner is not available; facts are parsed by Python's json. Needs the packages duckdb
and pyarrow. Each line has the times of both programs, which ran one after another.
"""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

PROGRAM = pathlib.Path(__file__).parents[2] / "target" / "release" / "filing-etl"
COLUMNS = {
    "filings": "accession, cik, form, filed_on, report_date, accepted_at, primary_document, items, size, "
               "is_xbrl, discovered_at",
    "filers": "accession, cik, filed_on",
    "artifacts": "id, accession, cik, form, filed_on, kind, name, url, status, path, bytes, sha256, attempts, "
                 "last_error, downloaded_at, type, sequence, description",
}


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def export(folder, to, *args):
    shutil.rmtree(folder / to, ignore_errors=True)
    env = {"XDG_STATE_HOME": str(folder)}
    command = [PROGRAM, "-q", "export", "--to", to, *args]
    return timed(lambda: subprocess.run(command, cwd=folder, env=env, check=True,
                                        stdout=subprocess.DEVNULL))


def with_scanner(folder):
    """DuckDB's own reader of SQLite; None if the extension cannot be installed."""
    db = duckdb.connect()
    try:
        db.execute("INSTALL sqlite; LOAD sqlite")
    except duckdb.Error:
        return None
    db.execute(f"ATTACH '{folder}/filings.db' AS s (TYPE sqlite)")

    def copy():
        for table, columns in COLUMNS.items():
            view = "artifacts" if table == "artifacts" else "filings"
            db.execute(f"COPY (SELECT {columns}, substr(filed_on, 1, 4) AS year FROM s.v_{view} "
                       f"ORDER BY cik, filed_on) TO '{folder}/other/{table}' "
                       "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY year)")
    return timed(copy)


def with_sqlite3(folder):
    """Reads rows with Python's sqlite3 in chunks into tables of DuckDB, which writes them."""
    def copy():
        with sqlite3.connect(folder / "filings.db") as lite:
            for table, columns in COLUMNS.items():
                view = "artifacts" if table == "artifacts" else "filings"
                rows = lite.execute(f"SELECT {columns} FROM v_{view}")
                names = [column[0] for column in rows.description]
                db = duckdb.connect()
                piece = rows.fetchmany(100_000)
                made = False
                while piece:
                    batch = pa.table([pa.array(list(column)) if any(v is not None for v in column)
                                      else pa.nulls(len(piece), pa.string()) for column in zip(*piece)],
                                     names=names)
                    verb = f"INSERT INTO {table}" if made else f"CREATE TABLE {table} AS"
                    db.execute(f"{verb} SELECT * FROM batch")
                    made = True
                    piece = rows.fetchmany(100_000)
                db.execute(f"COPY (SELECT *, substr(filed_on, 1, 4) AS year FROM {table} "
                           f"ORDER BY cik, filed_on) TO '{folder}/other/{table}' "
                           "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY year)")
    return timed(copy)


def facts_with_python(folder):
    def copy():
        schema = pa.schema([("cik", pa.int64()), ("taxonomy", pa.string()), ("tag", pa.string()),
                            ("unit", pa.string()), ("start", pa.string()), ("end", pa.string()),
                            ("value", pa.float64()), ("value_text", pa.string()),
                            ("accession", pa.string()), ("fy", pa.int64()), ("fp", pa.string()),
                            ("form", pa.string()), ("filed", pa.string()), ("frame", pa.string())])
        with zipfile.ZipFile(folder / "filings/.facts/companyfacts.zip") as archive, \
                pq.ParquetWriter(folder / "other/facts.parquet", schema, compression="zstd") as out:
            for member in archive.namelist():
                document = json.loads(archive.read(member))
                rows = sorted(((document["cik"], taxonomy, tag, unit, fact.get("start"), fact.get("end"),
                                float(fact["val"]), str(fact["val"]), fact["accn"], fact["fy"], fact["fp"],
                                fact["form"], fact["filed"], fact.get("frame"))
                               for taxonomy, tags in document["facts"].items()
                               for tag, concept in tags.items()
                               for unit, facts in concept["units"].items() for fact in facts),
                              key=lambda row: (row[2], row[5] or ""))
                out.write_table(pa.table(list(map(list, zip(*rows))), schema=schema))
    return timed(copy)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    shutil.rmtree(folder / "other", ignore_errors=True)
    (folder / "other").mkdir()
    for what, ours, other in [
        ("DuckDB's COPY with its SQLite scanner", ("dataset",), with_scanner),
        ("DuckDB's COPY from Python's sqlite3", ("dataset",), with_sqlite3),
        ("Python's json and pyarrow, facts", ("facts", "--what", "facts"), facts_with_python),
    ]:
        theirs = other(folder)
        if theirs is None:
            print(f"{what}: SKIPPED, it is not available")
            continue
        mine = export(folder, *ours)
        print(f"{what}: {theirs:.2f} s, filing-etl {mine:.2f} s, {theirs / mine:.1f} times as long")
        shutil.rmtree(folder / "other")
        (folder / "other").mkdir()


if __name__ == "__main__":
    main()
