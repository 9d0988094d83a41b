# SPDX-License-Identifier: BSD-2-Clause
"""stores.py - the clients of redis, memcached and mosquitto. See clients.py
for what they are."""
import re
import select
import socket
import struct
import subprocess
import threading

from clients import (TIMEOUT_S, Wrong, at_once, check, connect, digest,
                     exchange, output)

REDIS = '''SET a 1
INCR a
APPEND a 00
STRLEN a
SETEX gone 1000 x
TTL gone
MSET m1 x m2 y
MGET m1 m2 m3
GETRANGE a 0 1
RPUSH list a b c d
LRANGE list 0 -1
LPOP list
SORT list DESC ALPHA
SADD set x y z
SISMEMBER set y
SCARD set
ZADD ranks 1 one 2 two 3 three
ZRANGEBYSCORE ranks 2 3 WITHSCORES
HSET hash f 1 g 2
HGETALL hash
HINCRBYFLOAT hash f 1.5
PFADD hll a b c a
PFCOUNT hll
GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
GEODIST places Palermo Catania km
XADD stream 1-1 field value
XRANGE stream - +
SETBIT bits 7 1
BITCOUNT bits
EVAL "return redis.call('GET', KEYS[1]) .. ARGV[1]" 1 a x
MULTI
SET t 1
INCR t
EXEC
OBJECT ENCODING set
TYPE ranks
RENAME t u
EXISTS t u
NOSUCHCOMMAND
GET list
DBSIZE
'''


def redis_cli(context, *words, stdin=None):
    return output(context, 'redis-cli', '-h', context.address, *words,
                  stdin=stdin)


def redis_ready(context):
    with connect(context, 6379, 5) as s:
        return exchange(s, b'PING\r\n', b'+PONG\r\n')


def redis_persists(context):
    """What was written is there after a restart from the append-only file,
    natively; in a guest, where what is written is gone at its end, the server
    reads the file again by itself."""
    redis_cli(context, 'SET', 'kept', 'value')
    yield redis_cli(context, 'DEBUG', 'LOADAOF')
    yield redis_cli(context, 'GET', 'kept')
    yield redis_cli(context, 'SAVE')
    yield redis_cli(context, 'DEBUG', 'RELOAD')
    yield redis_cli(context, 'GET', 'kept')
    # These need a second process.
    for command, started in (('BGSAVE', 'Background saving started'),
                             ('BGREWRITEAOF', 'rewriting')):
        said = redis_cli(context, command).strip()
        good = started in said if context.native else (
            said.startswith('ERR') or 'fork' in said)
        check(good, command, said)
        yield '%s: as it should be' % command
    yield redis_cli(context, 'GET', 'kept')


def redis_benchmark(context):
    for pipeline in ('1', '16'):
        text = output(context, 'redis-benchmark', '-h', context.address, '-n',
                      str(context.few(20000, 2000)), '-c', '20', '-P',
                      pipeline, '-q', '-t',
                      'ping,set,get,incr,lpush,lrange_100,mset')
        rates = re.findall(r'([\w ]+?)[^\r\n]*: [\d.]+ requests per second',
                           text)
        check('rror' not in text, text)
        yield '-P %s: %d kinds of request' % (pipeline, len(rates))


def redis_subscribers(context):
    """Eight hear what another says."""
    heard, ready = [], threading.Barrier(9)

    def listen():
        with connect(context, 6379) as s:
            exchange(s, b'SUBSCRIBE news\r\n', b':1\r\n')
            ready.wait(TIMEOUT_S)
            data = b''
            while data.count(b'message') < 3:
                data += s.recv(4096)
            heard.append(digest(data))

    threads = [threading.Thread(target=listen) for _ in range(8)]
    for t in threads:
        t.start()
    ready.wait(TIMEOUT_S)
    for word in ('one', 'two', 'three'):
        yield 'published to ' + redis_cli(context, 'PUBLISH', 'news', word)
    for t in threads:
        t.join()
    yield '%d heard %s' % (len(heard), set(heard))


def redis(context):
    yield redis_cli(context, stdin=REDIS.encode())
    with connect(context, 6379) as s:
        big = bytes(range(256)) * 8000
        exchange(s, b'*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n%s\r\n' % (
            len(big), big), b'+OK\r\n')
        yield 'big: ' + digest(exchange(s, b'GET big\r\n',
                                        size=len(big) + 12))
        yield 'not the protocol: %r' % exchange(s, b'*1\r\n@x\r\n', b'\r\n')
    # A script of the length of a batch: 1,000 commands at once.
    text = redis_cli(context, '--pipe', stdin=b'INCR batch\r\n' * 1000)
    yield text.splitlines()[-1]
    yield redis_cli(context, 'GET', 'batch')
    yield from redis_subscribers(context)
    yield from redis_persists(context)
    yield from redis_benchmark(context)


def memcached_ready(context):
    with connect(context, 11211, 5) as s:
        return exchange(s, b'version\r\n', b'\r\n')


def memcached(context):
    with connect(context, 11211) as s:
        big = bytes(range(256)) * 3900
        for command, end in (
                (b'set a 5 0 3\r\nabc\r\n', b'STORED\r\n'),
                (b'get a\r\n', b'END\r\n'),
                (b'gets a none\r\n', b'END\r\n'),
                (b'append a 0 0 2\r\nde\r\n', b'STORED\r\n'),
                (b'get a\r\n', b'END\r\n'),
                (b'add a 0 0 1\r\nx\r\n', b'NOT_STORED\r\n'),
                (b'set n 0 0 2\r\n10\r\n', b'STORED\r\n'),
                (b'incr n 5\r\n', b'\r\n'),
                (b'decr n 20\r\n', b'\r\n'),
                (b'touch n 100\r\n', b'TOUCHED\r\n'),
                (b'delete n\r\n', b'DELETED\r\n'),
                (b'delete n\r\n', b'NOT_FOUND\r\n'),
                (b'set big 0 0 %d\r\n%s\r\n' % (len(big), big),
                 b'STORED\r\n'),
                (b'nonsense\r\n', b'ERROR\r\n'),
                (b'mg a v f\r\n', b'\r\n')):
            answer = exchange(s, command, end)
            yield '%r: %r' % (command[:20], re.sub(rb'(VALUE a 5 3) \d+',
                                                   rb'\1', answer))
        yield 'big: ' + digest(exchange(s, b'get big\r\n', b'END\r\n'))
    yield memcached_udp(context)

    def one(i):
        with connect(context, 11211) as s:
            for n in range(context.few(200, 10)):
                key = b'k%d-%d' % (i, n)
                exchange(s, b'set %s 0 0 2\r\nok\r\n' % key, b'STORED\r\n')
                got = exchange(s, b'get %s\r\n' % key, b'END\r\n')
                check(b'\r\nok\r\n' in got, got)

    at_once(32, one)
    yield '32 at once'


def memcached_udp(context):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    for _ in range(20):
        s.sendto(struct.pack('!4H', 7, 0, 1, 0) + b'get a\r\n',
                 (context.address, 11211))
        try:
            return 'UDP: %r' % s.recv(4096)
        except TimeoutError:
            continue
    raise Wrong('no answer by UDP')


def mosquitto_ready(context):
    """CONNECT, and its acknowledgement."""
    with connect(context, 1883, 5) as s:
        return exchange(s, b'\x10\x10\0\4MQTT\4\2\0\x3c\0\4test', size=4)


def mosquitto_news(publish, subscribe, quality):
    """A subscriber gets all that is published, in order."""
    with subscribe('-t', 'news/+', '-q', quality, '-R', '-C', '101') as p:
        # What comes too early is lost: repeat until the first is heard.
        while not select.select([p.stdout], [], [], 0.2)[0]:
            publish('-t', 'news/first', '-m', 'first')
        publish('-t', 'news/today', '-q', quality, '-l',
                stdin=b''.join(b'%d\n' % i for i in range(101)))
        lines = [line for line in p.stdout.read().splitlines()
                 if line != b'first']
    check(lines == [b'%d' % i for i in range(len(lines))], lines)
    check(len(lines) > 80, 'too many were needed to begin', lines)
    return 'all, in order'


def mosquitto(context):
    def publish(*words, stdin=None):
        output(context, 'mosquitto_pub', '-h', context.address, *words,
               stdin=stdin)

    def subscribe(*words):
        return subprocess.Popen(
            ['mosquitto_sub', '-h', context.address, '-W', str(TIMEOUT_S)] +
            list(words), stdout=subprocess.PIPE)

    publish('-t', 'kept/topic', '-r', '-m', 'retained')
    yield repr(subscribe('-t', 'kept/#', '-C', '1', '-v').communicate()[0])
    for quality in '012':
        yield quality + ': ' + mosquitto_news(publish, subscribe, quality)
    publish('-t', 'kept/big', '-r', '-s', stdin=b'x' * 1000000)
    yield digest(subscribe('-t', 'kept/big', '-C', '1', '-N')
                 .communicate()[0])
