"""The tables of the one SQLite file, and what is chosen for good when the file is made.

| table | holds |
|--|--|
| meta | `seq`: the highest number ever taken, where its rows are gone; `data`: the last number of a rewritten blob |
| topic | one row a topic; `starts` is the first offset kept per partition, `ends` the next one where no batch tells |
| batch | the index: one row a stored batch; `id` is the place of its last row, so ids are in the order of the log |
| data | a batch's two blobs: `head` (partition, key and what is not regular) and `body` (value, headers) |
| doomed | blobs no batch refers to any more, kept a while for readers that still hold one |
| decoded | frames decoded from a batch's bytes, by fingerprint: a cache |
| group_offset | committed offsets of consumer groups |
| state, checkpoint, savepoint, savepoint_state | what pipelines need to resume |
| state_data | the bytes of state, in pieces; a piece's number is its state's row times 2^20 and its rank |
| chunk | append-only tables of the system, one row an append; `id` is the number of its last row |
| fact | small keys and values |
| claim | keys under which something was done once, and its answer, for a while |

The page size was measured (bench/log.py): 16 kB commits small appends as fast as 4 kB and large ones
1.5 times faster, and writes them back 4 times faster. Eight bytes of each page hold its checksum.
"""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "CREATE", "FORMAT", "MIGRATIONS", "PAGE_BYTES"]

APPLICATION_ID = 0x50454E53
"""`PENS`, in the header of the file."""

PAGE_BYTES = 16_384

_CLAIM = """
CREATE TABLE claim(
  scope TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL, digest BLOB NOT NULL, answer BLOB NOT NULL,
  PRIMARY KEY(scope, key)) WITHOUT ROWID;
CREATE INDEX claim_time ON claim(time);
"""

MIGRATIONS = (_CLAIM.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").replace("INDEX", "INDEX IF NOT EXISTS"),)
"""What brings a log of format 1 to format 2, one of format 2 to format 3, and so on. An older log can be read as it is.

Some logs of format 1 have the table of claims.
"""

FORMAT = len(MIGRATIONS) + 1
"""The version of this layout, in the header of the file."""

CREATE = f"""
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('seq', 0), ('data', 0);

CREATE TABLE topic(
  id INTEGER PRIMARY KEY, name TEXT UNIQUE, partitions INTEGER NOT NULL, version INTEGER NOT NULL,
  configs TEXT NOT NULL, starts BLOB NOT NULL, ends BLOB NOT NULL, dead_through INTEGER NOT NULL,
  passes TEXT NOT NULL);

CREATE TABLE batch(
  topic INTEGER NOT NULL, id INTEGER NOT NULL, data INTEGER NOT NULL, first_seq INTEGER NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,
  first_append INTEGER NOT NULL, last_append INTEGER NOT NULL,
  ends BLOB NOT NULL, counts BLOB NOT NULL, sizes BLOB NOT NULL,
  columns INTEGER NOT NULL, head_crc INTEGER NOT NULL, body_crc INTEGER NOT NULL, stored INTEGER NOT NULL,
  PRIMARY KEY(topic, id)) WITHOUT ROWID;

CREATE TABLE data(id INTEGER PRIMARY KEY, head BLOB, body BLOB NOT NULL);
CREATE TABLE doomed(since INTEGER NOT NULL, data INTEGER NOT NULL, PRIMARY KEY(since, data)) WITHOUT ROWID;
CREATE TABLE decoded(data INTEGER NOT NULL, fingerprint TEXT NOT NULL, crc INTEGER NOT NULL, frame BLOB NOT NULL);
CREATE UNIQUE INDEX decoded_key ON decoded(data, fingerprint);

CREATE TABLE group_offset(
  name TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
  time INTEGER NOT NULL, PRIMARY KEY(name, topic, partition)) WITHOUT ROWID;

CREATE TABLE state(
  row INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, stage INTEGER NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE INDEX state_stage ON state(pipeline, stage, id);
CREATE INDEX state_dead ON state(stage) WHERE stage = 0;
CREATE TABLE state_data(piece INTEGER PRIMARY KEY, crc INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE checkpoint(
  pipeline TEXT PRIMARY KEY, epoch INTEGER NOT NULL, time INTEGER NOT NULL, crc INTEGER NOT NULL,
  manifest BLOB NOT NULL);
CREATE TABLE savepoint(
  name TEXT PRIMARY KEY, pipeline TEXT NOT NULL, epoch INTEGER NOT NULL, time INTEGER NOT NULL,
  crc INTEGER NOT NULL, manifest BLOB NOT NULL);
CREATE TABLE savepoint_state(name TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY(name, row)) WITHOUT ROWID;
CREATE INDEX savepoint_state_row ON savepoint_state(row);

CREATE TABLE chunk(
  name TEXT NOT NULL, id INTEGER NOT NULL, rows INTEGER NOT NULL, crc INTEGER NOT NULL, frame BLOB NOT NULL);
CREATE UNIQUE INDEX chunk_key ON chunk(name, id);

CREATE TABLE fact(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
{_CLAIM}"""
