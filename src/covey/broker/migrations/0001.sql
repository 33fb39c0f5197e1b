-- KeyPackages, inboxes and logs. No row knows a name, a time of use, or who asked.

CREATE TABLE key_package (
    id           INTEGER PRIMARY KEY,
    inbox        BLOB    NOT NULL CHECK (length(inbox) = 32),
    cipher_suite INTEGER NOT NULL,
    not_after    INTEGER NOT NULL,
    last_resort  INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    message      BLOB    NOT NULL
) STRICT;

CREATE INDEX key_package_by_inbox ON key_package (inbox, cipher_suite, last_resort, id);

-- KeyPackages for one use that were left in an inbox, by hash, also when they have been claimed
-- since: none of them waits there twice. One whose lifetime is over is not taken anyway.
CREATE TABLE offered (
    inbox     BLOB    NOT NULL CHECK (length(inbox) = 32),
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    not_after INTEGER NOT NULL,
    PRIMARY KEY (inbox, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX offered_until ON offered (not_after);

-- What was published, by the hash of the request, so that a retry does not bring back what has
-- been claimed since.
CREATE TABLE publication (
    inbox BLOB NOT NULL CHECK (length(inbox) = 32),
    idem  BLOB NOT NULL CHECK (length(idem) = 16),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (inbox, idem)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
    inbox BLOB    NOT NULL PRIMARY KEY CHECK (length(inbox) = 32),
    seq   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_entry (
    id      INTEGER PRIMARY KEY,
    inbox   BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    message BLOB    NOT NULL,
    UNIQUE (inbox, seq)
) STRICT;

-- What was delivered, by the hash of the request, so that a retry does not bring back what has
-- been read and dropped since. The hash is over the inbox and the idem too: one message for many
-- inboxes has a different one in each.
CREATE TABLE delivery (
    inbox BLOB    NOT NULL CHECK (length(inbox) = 32),
    idem  BLOB    NOT NULL CHECK (length(idem) = 16),
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (inbox, idem)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
    gid         BLOB    NOT NULL PRIMARY KEY CHECK (length(gid) = 32),
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    idem        BLOB    NOT NULL CHECK (length(idem) = 16),
    first_epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    id    INTEGER PRIMARY KEY,
    gid   BLOB    NOT NULL,
    seq   INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    kind  INTEGER NOT NULL CHECK (kind IN (1, 2)),
    idem  BLOB    NOT NULL CHECK (length(idem) = 16),
    body  BLOB    NOT NULL,
    UNIQUE (gid, seq),
    UNIQUE (gid, idem)
) STRICT;

-- The rule of the house, held by the database too: one commit per epoch.
CREATE UNIQUE INDEX one_commit_per_epoch ON entry (gid, epoch) WHERE kind = 1;
