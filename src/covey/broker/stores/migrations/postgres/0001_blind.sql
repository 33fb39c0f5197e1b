-- The home of accounts and inboxes, and the logs of groups. No row joins the two, and no column
-- holds a time finer than an hour. `covey broker explain-data` says what each column is for.

CREATE TABLE broker (
    id          BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    incarnation BYTEA   NOT NULL CHECK (octet_length(incarnation) = 16),
    broker_key  BYTEA   CHECK (octet_length(broker_key) = 32)
);

-- --- who has an account ---------------------------------------------------------------------

CREATE TABLE account (
    handle  BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(handle) = 32),
    subject BYTEA UNIQUE CHECK (octet_length(subject) = 32)
);

CREATE TABLE device (
    device BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(device) = 32),
    handle BYTEA NOT NULL REFERENCES account (handle)
);

CREATE INDEX device_by_handle ON device (handle);

CREATE TABLE invite (
    digest    BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(digest) = 32),
    purpose   TEXT    NOT NULL CHECK (purpose IN ('enrol', 'create')),
    not_after BIGINT NOT NULL
);

-- --- KeyPackages ----------------------------------------------------------------------------

CREATE TABLE key_package (
    device       BYTEA   NOT NULL CHECK (octet_length(device) = 32),
    cipher_suite BIGINT NOT NULL,
    last_resort  BIGINT NOT NULL CHECK (last_resort IN (0, 1)),
    ref          BYTEA   NOT NULL,
    inbox        BYTEA   NOT NULL CHECK (octet_length(inbox) = 32),
    not_after    BIGINT NOT NULL,
    message      BYTEA   NOT NULL,
    PRIMARY KEY (device, cipher_suite, last_resort, ref)
);

CREATE INDEX key_package_not_after ON key_package (not_after);

CREATE TABLE published (
    ref       BYTEA   NOT NULL PRIMARY KEY,
    not_after BIGINT NOT NULL
);

CREATE INDEX published_not_after ON published (not_after);

CREATE TABLE shelved (
    shelf       BYTEA   NOT NULL CHECK (octet_length(shelf) = 32),
    last_resort BIGINT NOT NULL CHECK (last_resort IN (0, 1)),
    name        BYTEA   NOT NULL CHECK (octet_length(name) = 32),
    not_after   BIGINT NOT NULL,
    sealed      BYTEA   NOT NULL,
    PRIMARY KEY (shelf, last_resort, name)
);

CREATE INDEX shelved_not_after ON shelved (not_after);

CREATE TABLE claim (
    inbox     BYTEA   NOT NULL CHECK (octet_length(inbox) = 32),
    ref       BYTEA   NOT NULL,
    pointers  BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    PRIMARY KEY (inbox, ref)
);

CREATE INDEX claim_not_after ON claim (not_after);

CREATE TABLE answer (
    idem   BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(idem) = 32),
    digest BYTEA   NOT NULL CHECK (octet_length(digest) = 32),
    answer BYTEA   NOT NULL,
    hour   BIGINT NOT NULL
);

CREATE INDEX answer_hour ON answer (hour);

-- --- inboxes --------------------------------------------------------------------------------

CREATE TABLE inbox (
    inbox BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(inbox) = 32),
    key   BYTEA   NOT NULL CHECK (octet_length(key) = 32),
    seq   BIGINT NOT NULL
);

CREATE TABLE inbox_entry (
    inbox  BYTEA   NOT NULL CHECK (octet_length(inbox) = 32),
    seq    BIGINT NOT NULL,
    kind   BIGINT NOT NULL CHECK (kind IN (1, 2)),
    body   BYTEA   NOT NULL,
    hour   BIGINT NOT NULL,
    PRIMARY KEY (inbox, seq)
);

CREATE INDEX inbox_entry_hour ON inbox_entry (hour);

CREATE TABLE posted (
    mark   BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(mark) = 32),
    digest BYTEA   NOT NULL CHECK (octet_length(digest) = 32),
    hour   BIGINT  NOT NULL
);

CREATE INDEX posted_hour ON posted (hour);

CREATE TABLE slot (
    inbox BYTEA NOT NULL CHECK (octet_length(inbox) = 32),
    hash  BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (inbox, hash)
);

-- --- groups ---------------------------------------------------------------------------------

CREATE TABLE log (
    gid        BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(gid) = 32),
    epoch      BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    hash       BYTEA   NOT NULL CHECK (octet_length(hash) = 32),
    floor      BIGINT NOT NULL,
    digest     BYTEA   NOT NULL CHECK (octet_length(digest) = 32),
    start      BYTEA   NOT NULL CHECK (octet_length(start) = 32),
    unproven   BIGINT
) WITH (fillfactor = 50);

CREATE INDEX log_unproven ON log (unproven) WHERE unproven IS NOT NULL;

CREATE TABLE epoch (
    gid         BYTEA   NOT NULL CHECK (octet_length(gid) = 32),
    epoch       BIGINT NOT NULL,
    access_key  BYTEA   NOT NULL CHECK (octet_length(access_key) = 32),
    before_seq  BIGINT NOT NULL,
    before_hash BYTEA   NOT NULL CHECK (octet_length(before_hash) = 32),
    closed_week BIGINT,
    PRIMARY KEY (gid, epoch)
);

CREATE INDEX epoch_closed ON epoch (closed_week) WHERE closed_week IS NOT NULL;

CREATE TABLE entry (
    gid      BYTEA   NOT NULL CHECK (octet_length(gid) = 32),
    seq      BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    kind     BIGINT NOT NULL CHECK (kind IN (1, 2)),
    idem     BYTEA   NOT NULL CHECK (octet_length(idem) = 16),
    digest   BYTEA   NOT NULL CHECK (octet_length(digest) = 32),
    previous BYTEA   NOT NULL CHECK (octet_length(previous) = 32),
    week     BIGINT NOT NULL,
    body     BYTEA   NOT NULL,
    PRIMARY KEY (gid, seq, week)
) PARTITION BY RANGE (week);

-- One partition a week, so that what is too old goes with its table. A number or an idem that
-- is taken twice, or a second commit of an epoch, would need two writers in one log; the lock on
-- the log's row lets in one.
CREATE UNIQUE INDEX entry_idem ON entry (gid, idem, week);
CREATE UNIQUE INDEX entry_commit ON entry (gid, epoch, week) WHERE kind = 1;

CREATE TABLE parcel (
    id   BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(id) = 32),
    gid  BYTEA   NOT NULL CHECK (octet_length(gid) = 32),
    body BYTEA   NOT NULL,
    week BIGINT NOT NULL
);

CREATE INDEX parcel_week ON parcel (week);

CREATE TABLE pointer_list (
    gid    BYTEA   NOT NULL CHECK (octet_length(gid) = 32),
    epoch  BIGINT NOT NULL,
    idem   BYTEA   NOT NULL CHECK (octet_length(idem) = 16),
    sealed BYTEA   NOT NULL,
    week   BIGINT NOT NULL,
    PRIMARY KEY (gid, epoch)
);

CREATE INDEX pointer_list_week ON pointer_list (week);

CREATE TABLE capability (
    gid       BYTEA   NOT NULL CHECK (octet_length(gid) = 32),
    key       BYTEA   NOT NULL CHECK (octet_length(key) = 32),
    not_after BIGINT NOT NULL,
    PRIMARY KEY (gid, key)
);

CREATE TABLE knock (
    gid        BYTEA   NOT NULL CHECK (octet_length(gid) = 32),
    id         BYTEA   NOT NULL CHECK (octet_length(id) = 16),
    capability BYTEA   NOT NULL CHECK (octet_length(capability) = 32),
    digest     BYTEA   NOT NULL CHECK (octet_length(digest) = 32),
    sealed     BYTEA   NOT NULL,
    answered   BIGINT  NOT NULL CHECK (answered IN (0, 1)),
    hour       BIGINT NOT NULL,
    PRIMARY KEY (gid, id)
);
