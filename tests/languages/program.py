# SPDX-License-Identifier: BSD-2-Clause
"""program.py - Python: threads, asyncio, ctypes, the collector, JSON, regular
expressions, sqlite, files. Argument 1 is the size; "crash" writes through a
null pointer, "error" ends with an exception that nobody catches."""
import asyncio
import collections
import concurrent.futures
import ctypes
import datetime
import decimal
import faulthandler
import gc
import hashlib
import json
import mmap
import os
import queue
import re
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import weakref
import zlib


def threads(size):
    jobs, results = queue.Queue(10), queue.Queue()
    local = threading.local()

    def work():
        local.count = 0
        for job in iter(jobs.get, None):
            local.count += 1
            results.put(zlib.crc32(b'%d' % job))
        results.put(-local.count)

    pool = [threading.Thread(target=work) for _ in range(8)]
    for t in pool:
        t.start()
    for i in range(size * 20):
        jobs.put(i)
    for _ in pool:
        jobs.put(None)
    for t in pool:
        t.join()
    got = list(results.queue)
    print('threads:', sum(g for g in got if g > 0), -sum(
        g for g in got if g < 0), threading.active_count())
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        digests = list(executor.map(
            lambda n: hashlib.sha256(b'x' * n).hexdigest()[:4],
            range(size)))
    print('digests:', digests[:3], digests[-1])
    event = threading.Event()
    timer = threading.Timer(0.01, event.set)
    timer.start()
    print('timer:', event.wait(10), event.wait(0))


async def echo_through(pipe_size):
    """A pipe read by the event loop, fed by a thread."""
    loop = asyncio.get_running_loop()
    r, w = os.pipe()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(r, 'rb'))

    def feed():
        with os.fdopen(w, 'wb') as f:
            for i in range(pipe_size):
                f.write(b'line %d\n' % i)

    done = loop.run_in_executor(None, feed)
    lines = 0
    async for _ in reader:
        lines += 1
    await done
    return lines


async def tasks(size):
    semaphore, channel = asyncio.Semaphore(5), asyncio.Queue()

    async def one(n):
        async with semaphore:
            await asyncio.sleep(0)
            await channel.put(n * n)
            return n

    done = await asyncio.gather(*(one(n) for n in range(size * 5)))
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.01)
    except asyncio.TimeoutError:
        print('asyncio: timed out as it should')
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, heard.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await heard.wait()
    print('asyncio:', sum(done), channel.qsize(), await echo_through(size))


def foreign(size):
    libc = ctypes.CDLL('libc.so.6', use_errno=True)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int),
                               ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * (size * 5))(*(
        i * 7919 % 1000 for i in range(size * 5)))
    calls = 0

    def backwards(a, b):
        nonlocal calls
        calls += 1
        return b[0] - a[0]

    libc.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int),
               compare(backwards))
    print('ctypes:', list(numbers[:3]), calls > size)
    print('errno:', libc.close(-1), os.strerror(ctypes.get_errno()))


class Node:
    def __init__(self):
        self.other = None


def collector(size):
    gone = collections.Counter()
    for _ in range(size * 20):
        a, b = Node(), Node()
        a.other, b.other = b, a
        weakref.finalize(a, gone.update, ['nodes']).atexit = False
        big = bytearray(20000)
        big[-1] = 1
    gc.collect()
    print('collector:', gone['nodes'] >= size * 20 - 1, len(gc.garbage))


def text(size):
    data = [{'n': i, 'name': 'n%d' % i, 'parts': [i / 4, None, i % 2 == 0]}
            for i in range(size * 10)]
    with tempfile.TemporaryDirectory(dir='.') as place:
        path = os.path.join(place, 'data.json')
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(data, f)
        with open(path, encoding='utf-8') as f:
            assert json.load(f) == data
        with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
            found = re.findall(rb'"name": "n(\d*7)"', m)
            m[0:1] = b' '
        print('text:', len(found), os.path.getsize(path), os.listdir(place))
    print('gone:', os.path.exists(place))
    print(re.sub(r'(?P<a>\w+) (?P<b>\w+)', r'\g<b> \g<a>', 'second first'))


def database(size):
    with sqlite3.connect(':memory:') as db:
        db.execute('create table t(a integer primary key, b text)')
        db.executemany('insert into t(b) values (?)',
                       (('row %d' % (i % 37),) for i in range(size * 20)))
        db.create_function('backwards', 1, lambda s: s[::-1])
        print('sqlite:', db.execute(
            'select count(*), count(distinct b), max(backwards(b)) from t'
        ).fetchone())


def dates():
    day = datetime.datetime(2000, 2, 29, tzinfo=datetime.timezone.utc)
    print((day + datetime.timedelta(days=366)).isoformat(),
          day.strftime('%A %j'), time.monotonic() > 0)
    decimal.getcontext().prec = 40
    print(decimal.Decimal(2).sqrt())


def main():
    if sys.argv[1] == 'crash':
        print('about to crash', flush=True)
        faulthandler.enable()
        ctypes.memset(0, 1, 1)
    if sys.argv[1] == 'error':
        json.loads('[1, 2')
    size = int(sys.argv[1])
    threads(size)
    asyncio.run(tasks(size))
    foreign(size)
    collector(size)
    text(size)
    database(size)
    dates()


main()
