-- The catalogue: an index of the spool that can be rebuilt from it. All SQL that shapes it is here.
-- A block that begins with "-- migration N" is run once, in order; blocks are never edited afterwards.

-- migration 1

-- One row per recording. Each status has exactly one writer: see device/domain/lifecycle.py.
CREATE TABLE recordings (
    id              TEXT PRIMARY KEY,           -- ULID, also the name of its folder in the spool
    status          TEXT NOT NULL,
    started_at      TEXT NOT NULL,              -- UTC wall time, as far as the clock was right
    trajectory      TEXT NOT NULL,
    held_boot_id    TEXT,                       -- the cooling-off is counted on the monotonic clock
    held_ns         INTEGER,                    -- of this boot; after a reboot it begins anew
    duration_us     INTEGER,
    size_bytes      INTEGER,                    -- of all sealed objects
    dropped_frames  INTEGER NOT NULL DEFAULT 0,
    interrupted     INTEGER NOT NULL DEFAULT 0,
    unclaimed       INTEGER NOT NULL DEFAULT 0,
    untrusted_clock INTEGER NOT NULL DEFAULT 0,
    manifest_sha256 TEXT
) STRICT;
CREATE INDEX recordings_by_status ON recordings (status, id);

-- The sealed objects of a recording, the manifest last. Written by the recorder.
CREATE TABLE objects (
    recording  TEXT NOT NULL REFERENCES recordings (id),
    position   INTEGER NOT NULL,
    file       TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    PRIMARY KEY (recording, position)
) STRICT;

-- Every status a recording ever had, who wrote it and why. Never changed, never deleted.
CREATE TABLE history (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    recording TEXT NOT NULL,
    status    TEXT NOT NULL,
    writer    TEXT NOT NULL,
    at        TEXT NOT NULL,
    note      TEXT NOT NULL
) STRICT;
CREATE INDEX history_by_recording ON history (recording, number);

-- What went to the server under which name. Written by the sync.
CREATE TABLE sends (
    remote_name TEXT PRIMARY KEY,
    recording   TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    sent_bytes  INTEGER NOT NULL DEFAULT 0,
    confirmed   INTEGER NOT NULL DEFAULT 0,
    is_manifest INTEGER NOT NULL,
    at          TEXT NOT NULL
) STRICT;
CREATE INDEX sends_by_recording ON sends (recording, sha256);

-- The receipts as they came, so that their signature can be verified again. Written by the sync.
CREATE TABLE receipts (
    manifest_name TEXT PRIMARY KEY,
    recording     TEXT NOT NULL,
    accepted      INTEGER NOT NULL,
    data          BLOB NOT NULL,
    at            TEXT NOT NULL
) STRICT;
CREATE INDEX receipts_by_recording ON receipts (recording);

-- What each process last said about itself; one row and one writer per process.
CREATE TABLE process_states (
    process TEXT PRIMARY KEY,
    state   TEXT NOT NULL,                      -- one word: ok, waiting, refused, ...
    message TEXT NOT NULL,
    at      TEXT NOT NULL
) STRICT;

-- migration 2

-- What the register says of a recording: the booking, and how many lines it had when leave was given.
ALTER TABLE recordings ADD COLUMN booking TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN register_number INTEGER NOT NULL DEFAULT 0;
CREATE INDEX recordings_by_booking ON recordings (booking, id);

-- migration 3

-- The order to destroy what was delivered, sealed to the coach. Written by the recorder when it withdraws a recording:
-- by then nothing of it may lie in the spool any more.
CREATE TABLE orders (
    recording TEXT PRIMARY KEY REFERENCES recordings (id),
    data      BLOB NOT NULL,
    sha256    TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at        TEXT NOT NULL
) STRICT;

-- Under which names an order went out. Written by the sync.
CREATE TABLE order_sends (
    remote_name TEXT PRIMARY KEY,
    recording   TEXT NOT NULL,
    confirmed   INTEGER NOT NULL DEFAULT 0,
    at          TEXT NOT NULL
) STRICT;
CREATE INDEX order_sends_by_recording ON order_sends (recording);

-- The certificates of destruction as they came, so that their signature can be verified again. Written by the sync.
CREATE TABLE certificates (
    recording TEXT PRIMARY KEY,
    data      BLOB NOT NULL,
    at        TEXT NOT NULL
) STRICT;
