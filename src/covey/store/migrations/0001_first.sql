-- One identity at one broker. Times are seconds since 1970-01-01T00:00Z, by this machine's clock.

-- What there is one of: names in store/settings.py.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Groups. `version` moves with every change of a group: who holds an older one in memory reads anew.
CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- nobody holds another group by the number of this one
    gid BLOB NOT NULL UNIQUE,
    broker_id BLOB NOT NULL,
    group_id BLOB NOT NULL,             -- of the first group in the log, if it was moved to others
    suite INTEGER NOT NULL,             -- the cipher suite of the group that it is now
    moves INTEGER NOT NULL,             -- how often it was moved to another one
    status TEXT NOT NULL,               -- store/groups.py: Status
    trouble TEXT NOT NULL,              -- why, for people; empty when all is well
    name TEXT NOT NULL,                 -- as the GroupContext says, so that lists need no group
    inviting TEXT NOT NULL,             -- likewise: who may invite; empty when it does not say
    expires_after INTEGER NOT NULL,     -- likewise: seconds after which messages disappear
    version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,               -- the last entry of the log that was taken in; -1 before any
    hash BLOB NOT NULL,                 -- of the log up to it
    head BLOB,                          -- the last signed head, as evidence
    counter INTEGER NOT NULL,           -- of the next content of our own
    recovery BLOB,                      -- the seeds of the group's ways back, newest first
    joined_at INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL,        -- when our leaf's keys were last renewed
    sent INTEGER NOT NULL,              -- messages that we sent since then
    predecessor BLOB,                   -- the gid of the group that this one goes on from
    branch_of BLOB,                     -- the gid of the group of which it says that it is a branch
    branched_by INTEGER NOT NULL,       -- its place in the order of branches; the lowest one wins
    began INTEGER NOT NULL,             -- the entry at which our epoch began; -1 before it is known
    began_hash BLOB NOT NULL,           -- of the log up to it
    unsure_to INTEGER NOT NULL,         -- the last epoch that a commit of before the log was set
                                        -- back may close; -1 when it was not
    set_back_at INTEGER NOT NULL,       -- when we noticed last that it was; 0 for never
    out_since INTEGER NOT NULL          -- since when we want to be out of it; 0 when we do not
) STRICT;

-- The engine's rows of a group, as `Group.changes` hands them out.
CREATE TABLE group_rows (
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (group_, key)
) STRICT, WITHOUT ROWID;

-- The hash of the log up to the entries that were seen last, to compare with what others claim.
CREATE TABLE places (
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (group_, seq)
) STRICT, WITHOUT ROWID;

-- Private keys by which knocks can be read.
CREATE TABLE doors (
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    capability BLOB NOT NULL,
    suite INTEGER NOT NULL,
    private_key BLOB NOT NULL,
    PRIMARY KEY (group_, capability, suite)
) STRICT, WITHOUT ROWID;

-- The idems of the current epoch: ours, to know a copy by, and those that were taken in.
CREATE TABLE sent (
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    idem BLOB NOT NULL,
    ours INTEGER NOT NULL,              -- 1 for what this store has sent
    seq INTEGER,                        -- the entry that it was taken in as; NULL before
    PRIMARY KEY (group_, idem)
) STRICT, WITHOUT ROWID;

-- What is to be said, until the broker has it. `request` is the signed request as it was sent.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- who waits for one is not taken for a later one's
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    message BLOB NOT NULL,              -- the id in its content
    content BLOB NOT NULL,
    epoch INTEGER,
    idem BLOB,
    request BLOB,
    expires_at INTEGER                  -- when it disappears, sent or not; NULL for never
) STRICT;
CREATE INDEX outbox_of_group ON outbox (group_, id);
CREATE INDEX outbox_by_message ON outbox (group_, message);
CREATE INDEX outbox_by_idem ON outbox (group_, idem) WHERE idem IS NOT NULL;
CREATE INDEX outbox_expiring ON outbox (expires_at) WHERE expires_at IS NOT NULL;

-- What the broker has taken from us of late: offered again to one that was set back.
CREATE TABLE accepted (
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    idem BLOB NOT NULL,                 -- under which it was sent
    seq INTEGER NOT NULL,               -- the entry that it became
    epoch INTEGER NOT NULL,
    message BLOB,                       -- the id in its content; NULL for what is no message
    control BLOB,                       -- the content of what no history keeps, and all need
    wishes BLOB,                        -- what a commit fulfilled; NULL for what is none
    request BLOB NOT NULL,
    expires_at INTEGER,                 -- when what it says disappears; NULL for never
    PRIMARY KEY (group_, idem)
) STRICT, WITHOUT ROWID;
CREATE INDEX accepted_by_place ON accepted (group_, seq, epoch);
CREATE INDEX accepted_by_epoch ON accepted (group_, epoch);
CREATE INDEX accepted_expiring ON accepted (expires_at) WHERE expires_at IS NOT NULL;

-- What our commits are to do, until one of them has won. JSON of client/sync/wishes.py.
CREATE TABLE wishes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- by which its refusal is known, later
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    wish BLOB NOT NULL
) STRICT;

-- The commit of ours that is under way: sent again as it was, until its fate is known.
CREATE TABLE pending (
    group_ INTEGER PRIMARY KEY REFERENCES groups (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    idem BLOB NOT NULL,
    request BLOB NOT NULL,
    wishes BLOB NOT NULL,               -- JSON: the numbers of the wishes that it fulfils
    postings BLOB NOT NULL              -- JSON: what is to be posted once it has won
) STRICT;

-- Pointers to be posted over connections that know no group.
CREATE TABLE postings (
    id INTEGER PRIMARY KEY,
    inbox BLOB NOT NULL,
    reference BLOB NOT NULL,
    pointer BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    group_ INTEGER                      -- into which our own commit has let in; else NULL
) STRICT;

-- What was said, ours too, once each.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- a number that has been shown never means another one
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    message BLOB NOT NULL,              -- the id in its content
    seq INTEGER,                        -- in the log; NULL while it is in the outbox
    epoch INTEGER,
    idem BLOB,                          -- under which it came there: a log may be read anew
    sender BLOB NOT NULL,               -- the identity
    leaf INTEGER NOT NULL,
    kind TEXT NOT NULL,                 -- text, reply, reaction, attachment, or a content type
    text TEXT NOT NULL,                 -- what can be searched; empty for bytes
    content BLOB NOT NULL,              -- the whole content
    about BLOB,                         -- the message that it answers
    sent_at INTEGER NOT NULL,           -- as the sender says
    received_at INTEGER NOT NULL,
    expires_at INTEGER,                 -- when it disappears
    UNIQUE (group_, message)
) STRICT;
CREATE INDEX messages_in_order ON messages (group_, id);
CREATE INDEX messages_expiring ON messages (expires_at) WHERE expires_at IS NOT NULL;

CREATE VIRTUAL TABLE words USING fts5 (
    text, content='messages', content_rowid='id', columnsize=0
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);

-- Up to which message the words are in the index; store/words.py adds those of later ones.
CREATE TABLE indexed (
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO indexed (upto) VALUES (0);
CREATE TRIGGER messages_removed AFTER DELETE ON messages
WHEN old.id <= (SELECT upto FROM indexed) BEGIN
    INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);
END;

-- The ids of what was told and stands in no history: said again, it is not told again.
CREATE TABLE heard (
    message BLOB PRIMARY KEY,           -- the id in its content, of which no more is kept
    until INTEGER NOT NULL              -- when this is forgotten, too
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_until ON heard (until);

-- How many contents of each member have come: a gap in them is a message that was lost.
CREATE TABLE counters (
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    signature_key BLOB NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (group_, signature_key)
) STRICT, WITHOUT ROWID;

-- What the application is told, until every consumer has acknowledged it.
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    group_ INTEGER,
    event BLOB NOT NULL,                -- JSON of client/events.py
    happened_at INTEGER NOT NULL
) STRICT;
-- What was refused, for who has waited for it: x'7b…' are the first bytes of that JSON.
CREATE INDEX events_refusing ON events (number)
WHERE substr(event, 1, 23) = x'7b226576656e74223a224d657373616765734c6f737422' -- {"event":"MessagesLost"
OR substr(event, 1, 22) = x'7b226576656e74223a22576973685265667573656422'; -- {"event":"WishRefused"
CREATE TABLE consumers (
    name TEXT PRIMARY KEY,
    acknowledged INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Our KeyPackages that somebody may add us by, with their private keys.
CREATE TABLE packages (
    reference BLOB PRIMARY KEY,
    private BLOB NOT NULL,
    suite INTEGER NOT NULL,
    last_resort INTEGER NOT NULL,
    published INTEGER NOT NULL,         -- client/sync/key_packages.py: Where
    made_at INTEGER NOT NULL,
    not_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The post tokens with which the members of a group may leave notes in our inbox.
CREATE TABLE slots (
    token BLOB PRIMARY KEY,
    group_ INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Whom we have verified, by comparing safety numbers.
CREATE TABLE verified (
    identity BLOB NOT NULL,
    signature_key BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (identity, signature_key)
) STRICT, WITHOUT ROWID;
