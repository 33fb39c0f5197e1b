-- The home of accounts and inboxes, and the logs of groups. No row joins the two, and no column
-- holds a time finer than an hour. `covey broker explain-data` says what each column is for.

CREATE TABLE broker (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    incarnation BLOB    NOT NULL CHECK (length(incarnation) = 16),
    broker_key  BLOB    CHECK (length(broker_key) = 32)
) STRICT;

-- --- who has an account ---------------------------------------------------------------------

CREATE TABLE account (
    handle  BLOB NOT NULL PRIMARY KEY CHECK (length(handle) = 32),
    subject BLOB UNIQUE CHECK (length(subject) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 32),
    handle BLOB NOT NULL REFERENCES account (handle)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_by_handle ON device (handle);

CREATE TABLE invite (
    digest    BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    purpose   TEXT    NOT NULL CHECK (purpose IN ('enrol', 'create')),
    not_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- --- KeyPackages ----------------------------------------------------------------------------

CREATE TABLE key_package (
    device       BLOB    NOT NULL CHECK (length(device) = 32),
    cipher_suite INTEGER NOT NULL,
    last_resort  INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    ref          BLOB    NOT NULL,
    inbox        BLOB    NOT NULL CHECK (length(inbox) = 32),
    not_after    INTEGER NOT NULL,
    message      BLOB    NOT NULL,
    PRIMARY KEY (device, cipher_suite, last_resort, ref)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_package_not_after ON key_package (not_after);

CREATE TABLE published (
    ref       BLOB    NOT NULL PRIMARY KEY,
    not_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX published_not_after ON published (not_after);

CREATE TABLE shelved (
    shelf       BLOB    NOT NULL CHECK (length(shelf) = 32),
    last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    name        BLOB    NOT NULL CHECK (length(name) = 32),
    not_after   INTEGER NOT NULL,
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (shelf, last_resort, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX shelved_not_after ON shelved (not_after);

CREATE TABLE claim (
    inbox     BLOB    NOT NULL CHECK (length(inbox) = 32),
    ref       BLOB    NOT NULL,
    pointers  INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    PRIMARY KEY (inbox, ref)
) STRICT, WITHOUT ROWID;

CREATE INDEX claim_not_after ON claim (not_after);

CREATE TABLE answer (
    idem   BLOB    NOT NULL PRIMARY KEY CHECK (length(idem) = 32),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    answer BLOB    NOT NULL,
    hour   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_hour ON answer (hour);

-- --- inboxes --------------------------------------------------------------------------------

CREATE TABLE inbox (
    inbox BLOB    NOT NULL PRIMARY KEY CHECK (length(inbox) = 32),
    key   BLOB    NOT NULL CHECK (length(key) = 32),
    seq   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_entry (
    inbox  BLOB    NOT NULL CHECK (length(inbox) = 32),
    seq    INTEGER NOT NULL,
    kind   INTEGER NOT NULL CHECK (kind IN (1, 2)),
    body   BLOB    NOT NULL,
    hour   INTEGER NOT NULL,
    PRIMARY KEY (inbox, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_entry_hour ON inbox_entry (hour);

CREATE TABLE posted (
    mark   BLOB    NOT NULL PRIMARY KEY CHECK (length(mark) = 32),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    hour   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX posted_hour ON posted (hour);

CREATE TABLE slot (
    inbox BLOB NOT NULL CHECK (length(inbox) = 32),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (inbox, hash)
) STRICT, WITHOUT ROWID;

-- --- groups ---------------------------------------------------------------------------------

CREATE TABLE log (
    gid        BLOB    NOT NULL PRIMARY KEY CHECK (length(gid) = 32),
    epoch      INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    floor      INTEGER NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    start      BLOB    NOT NULL CHECK (length(start) = 32),
    unproven   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX log_unproven ON log (unproven) WHERE unproven IS NOT NULL;

CREATE TABLE epoch (
    gid         BLOB    NOT NULL CHECK (length(gid) = 32),
    epoch       INTEGER NOT NULL,
    access_key  BLOB    NOT NULL CHECK (length(access_key) = 32),
    before_seq  INTEGER NOT NULL,
    before_hash BLOB    NOT NULL CHECK (length(before_hash) = 32),
    closed_week INTEGER,
    PRIMARY KEY (gid, epoch)
) STRICT, WITHOUT ROWID;

CREATE INDEX epoch_closed ON epoch (closed_week) WHERE closed_week IS NOT NULL;

CREATE TABLE entry (
    gid      BLOB    NOT NULL CHECK (length(gid) = 32),
    seq      INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    kind     INTEGER NOT NULL CHECK (kind IN (1, 2)),
    idem     BLOB    NOT NULL CHECK (length(idem) = 16),
    digest   BLOB    NOT NULL CHECK (length(digest) = 32),
    previous BLOB    NOT NULL CHECK (length(previous) = 32),
    week     INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (gid, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX entry_idem ON entry (gid, idem);
-- The rule of the house, held by the database too: one commit per epoch.
CREATE UNIQUE INDEX entry_commit ON entry (gid, epoch) WHERE kind = 1;
CREATE INDEX entry_week ON entry (week);

CREATE TABLE parcel (
    id   BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    gid  BLOB    NOT NULL CHECK (length(gid) = 32),
    body BLOB    NOT NULL,
    week INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX parcel_week ON parcel (week);

CREATE TABLE pointer_list (
    gid    BLOB    NOT NULL CHECK (length(gid) = 32),
    epoch  INTEGER NOT NULL,
    idem   BLOB    NOT NULL CHECK (length(idem) = 16),
    sealed BLOB    NOT NULL,
    week   INTEGER NOT NULL,
    PRIMARY KEY (gid, epoch)
) STRICT, WITHOUT ROWID;

CREATE INDEX pointer_list_week ON pointer_list (week);

CREATE TABLE capability (
    gid       BLOB    NOT NULL CHECK (length(gid) = 32),
    key       BLOB    NOT NULL CHECK (length(key) = 32),
    not_after INTEGER NOT NULL,
    PRIMARY KEY (gid, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE knock (
    gid        BLOB    NOT NULL CHECK (length(gid) = 32),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    capability BLOB    NOT NULL CHECK (length(capability) = 32),
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    sealed     BLOB    NOT NULL,
    answered   INTEGER NOT NULL CHECK (answered IN (0, 1)),
    hour       INTEGER NOT NULL,
    PRIMARY KEY (gid, id)
) STRICT, WITHOUT ROWID;
