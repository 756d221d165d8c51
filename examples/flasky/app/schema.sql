CREATE TABLE IF NOT EXISTS user (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password   TEXT NOT NULL,
    confirmed  INTEGER NOT NULL DEFAULT 0,
    subscribed INTEGER NOT NULL DEFAULT 0,
    language   TEXT NOT NULL DEFAULT 'en'
);

CREATE TABLE IF NOT EXISTS follow (
    follower INTEGER NOT NULL REFERENCES user (id),
    followed INTEGER NOT NULL REFERENCES user (id),
    PRIMARY KEY (follower, followed)
);
