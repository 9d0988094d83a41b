# SPDX-License-Identifier: BSD-2-Clause
"""sql.py - the client of MariaDB. See clients.py for what clients are."""
import hashlib
import os

from clients import at_once, check, connect, output

CLIENTS = 8
PROTOCOL = 10  # of the greeting: https://mariadb.com/kb/en/connection/

# One line or more for each statement: tables of three engines, keys, a
# constraint, transactions, sorting beyond memory, full text, JSON, errors.
STATEMENTS = '''SELECT 1 + 1, VERSION() LIKE '10.%';
CREATE DATABASE samara; USE samara;
CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(40) UNIQUE) ENGINE=InnoDB;
CREATE TABLE child (id INT AUTO_INCREMENT PRIMARY KEY, parent INT, text TEXT,
  k INT, FOREIGN KEY (parent) REFERENCES parent (id), INDEX (k)) ENGINE=InnoDB;
INSERT INTO parent SELECT seq, CONCAT('parent ', seq) FROM seq_1_to_100;
INSERT INTO child (parent, text, k)
  SELECT 1 + seq MOD 100, REPEAT(MD5(seq), 4), seq MOD 97
  FROM seq_1_to_2000;
SELECT COUNT(*), SUM(k), MIN(text), MAX(text) FROM child;
SELECT p.name, COUNT(*) FROM parent p JOIN child c ON c.parent = p.id
  WHERE c.k < 10 GROUP BY p.id ORDER BY p.id LIMIT 3;
SELECT id FROM child ORDER BY text DESC, id LIMIT 3;
INSERT INTO child (parent, text) VALUES (1000, 'no such parent');
SHOW ERRORS;
INSERT INTO parent VALUES (1, 'there already'); SHOW ERRORS;
START TRANSACTION; DELETE FROM child; SELECT COUNT(*) FROM child; ROLLBACK;
SELECT COUNT(*) FROM child;
CREATE TABLE words (t TEXT, FULLTEXT (t)) ENGINE=Aria;
INSERT INTO words VALUES ('a seed with a wing'), ('a leaf'), ('another seed');
SELECT t FROM words WHERE MATCH (t) AGAINST ('seed' IN BOOLEAN MODE)
  ORDER BY t;
CREATE TABLE old (i INT PRIMARY KEY, s CHAR(20)) ENGINE=MyISAM;
INSERT INTO old SELECT seq, seq * 3 FROM seq_1_to_1000;
SELECT SUM(s) FROM old; CHECK TABLE old, child, words;
SELECT JSON_VALUE('{"a": [1, 2, {"b": "deep"}]}', '$.a[2].b');
SELECT 'abc' REGEXP '^a.c$', SHA2('x', 256), ROUND(SQRT(2), 6);
SELECT table_name, engine FROM information_schema.tables
  WHERE table_schema = 'samara' ORDER BY table_name;
ALTER TABLE child ADD COLUMN extra INT DEFAULT 7, ALGORITHM=COPY;
SELECT SUM(extra) FROM child;
CREATE TABLE counter (n INT) ENGINE=InnoDB; INSERT INTO counter VALUES (0);
CREATE TABLE blobs (b LONGBLOB) ENGINE=InnoDB;
'''


def client(context, statements):
    return output(context, 'mariadb', '--no-defaults', '--skip-ssl', '--force',
                  '--host', context.address, '--user=root',
                  stdin=statements.encode(), status=None)


def make_directory(context):
    os.mkdir(context.place + '/mariadb')


def ready(context):
    with connect(context, 3306, 5) as s:
        check(s.recv(5)[4:] == bytes([PROTOCOL]), 'a greeting')


def count_together(context):
    """Clients that lock and change one row must not lose a change."""
    times = context.few(50, 5)

    def one(_):
        client(context, 'USE samara;' + times * (
            'START TRANSACTION; SELECT n INTO @n FROM counter FOR UPDATE;'
            'UPDATE counter SET n = @n + 1; COMMIT;'))

    at_once(CLIENTS, one)
    got = client(context, 'SELECT n FROM samara.counter').split()
    check(got == ['n', str(CLIENTS * times)], 'counted', got)
    yield 'no change is lost'


def hang_up(context):
    """Greetings that nobody answers, and nonsense instead of an answer."""
    for i in range(20):
        with connect(context, 3306) as s:
            s.recv(100)
            s.sendall(bytes([i]) * 50 * i)
    return client(context, "SELECT 'still there'").strip()


def mariadb(context):
    yield from client(context, STATEMENTS).splitlines()
    yield from count_together(context)
    blob = os.urandom(100) * 10000
    client(context, "INSERT INTO samara.blobs VALUES (x'%s')" % blob.hex())
    got = client(context, 'SELECT SHA2(b, 256) FROM samara.blobs')
    check(hashlib.sha256(blob).hexdigest() in got, 'a blob', got)
    yield 'a megabyte as it was'
    yield hang_up(context)
