# SPDX-License-Identifier: BSD-2-Clause
"""network.py - the rows of tests/bench/run whose names begin with net-: nginx
and redis, unmodified from Debian's packages, driven from outside.

Guest instructions are those of QEMU's microvm under TCG with a tap, from the
plugin's counter just before and after some thousand requests. What is compared
with native runs alternates with the same program behind a veth pair, and the
best of several counts. REQUESTS of the environment is how many net-latency
makes; the promise is for 1000000.
"""
import os
import re
import socket
import statistics
import subprocess
import sys
import time

import common

sys.path.insert(0, os.path.join(common.ROOT, 'tests', 'servers'))
import clients  # noqa: E402
import lossy  # noqa: E402
import packets  # noqa: E402
import streams  # noqa: E402
import wires  # noqa: E402

PAGE = 612  # as nginx's own first page
SEQUENCE = 1000
CONNECTIONS = 250
RUNS = 3
REQUESTS = int(os.environ.get('REQUESTS', '100000'))
BULK = 1 << 30
LINE_BYTES = 16 << 20
LINE_SEEDS = 8

NGINX = '''# One process, no log: what is measured is requests.
daemon off;
master_process off;
user root;
pid %(place)s/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    access_log off;
    sendfile on;
    keepalive_requests 100000000;
    client_body_temp_path %(place)s/body;
    proxy_temp_path %(place)s/proxy;
    fastcgi_temp_path %(place)s/fastcgi;
    uwsgi_temp_path %(place)s/uwsgi;
    scgi_temp_path %(place)s/scgi;
    server { listen 80 backlog=1024; root %(place)s/www; }
}
'''
REDIS = ['/usr/bin/redis-server', '--save', '', '--protected-mode', 'no',
         '--bind', '0.0.0.0', '--appendonly', 'no']


class Net:
    """What the rows share: the wires, the files, the images."""

    def __init__(self, b):
        self.b = b
        self.wires = wires.Wires()
        self.site = os.path.join(b.place, 'site')
        os.makedirs(self.site + '/www')
        with open(self.site + '/www/index.html', 'wb') as f:
            f.write(b'A maple\'s fruit.' * 38 + b'.' * (PAGE - 38 * 16))
        with open(self.site + '/nginx.conf', 'w', encoding='ascii') as f:
            f.write(NGINX % {'place': self.site})
        self.nginx = ['/usr/sbin/nginx', '-c', self.site + '/nginx.conf']
        self.images = {}

    def image(self, name, command, options=()):
        if name not in self.images:
            self.images[name] = self.b.image(
                name, *wires.ADDRESS, *options, *command)
        return self.images[name]

    def nginx_image(self):
        return self.image('nginx', self.nginx, ['--add', self.site])

    def redis_image(self):
        return self.image('redis', REDIS)


def net(b):
    if not hasattr(b, 'net'):
        b.net = Net(b)
    return b.net


def http_ready(context):
    with clients.Http(context, 80) as h:
        h.s.settimeout(1)
        h.get('/')


def redis_ready(context):
    with clients.connect(context, 6379, 1) as s:
        clients.exchange(s, b'PING\r\n', b'+PONG\r\n')


def requests(context, count):
    """One after the other on one connection."""
    with clients.Http(context, 80) as h:
        for _ in range(count):
            h.get('/')


def connections(context, count):
    for _ in range(count):
        with clients.Http(context, 80) as h:
            h.get('/', Connection='close')


def wrk(context, seconds):
    """{'rate': requests/s, 'count': requests, 'worst_ms': ...}"""
    text = subprocess.run(
        ['wrk', '-t1', '-c32', '-d%d' % seconds, '--timeout', '60',
         'http://%s/' % context.address], capture_output=True, text=True,
        check=True).stdout
    if 'errors' in text or 'Non-2xx' in text:
        raise RuntimeError('wrk: ' + text)
    worst, unit = re.search(
        r'Latency(?:\s+[\d.]+(?:us|ms|s)){2}\s+([\d.]+)(us|ms|s)',
        text).groups()
    return {'rate': float(re.search(r'Requests/sec: *([\d.]+)', text)[1]),
            'count': int(re.search(r'(\d+) requests in', text)[1]),
            'worst_ms': float(worst) * {'us': 0.001, 'ms': 1,
                                        's': 1000}[unit]}


def redis_benchmark(context, pipeline, count, test='get'):
    """Requests a second."""
    text = subprocess.run(
        ['redis-benchmark', '-h', context.address, '-t', test, '-n',
         str(count), '-c', '20', '-P', str(pipeline), '-q'], check=True,
        capture_output=True, text=True).stdout
    return float(re.findall(r'([\d.]+) requests per second', text)[-1])


def show_profiles(b, guest):
    """With -p: after the guest's end, where each part was spent."""
    if not b.with_profile:
        return
    show = b.profiler()
    for what, number, rounds in guest.parts:
        print('# ' + what)
        show(number, rounds)


def bench_http(b):
    n = net(b)
    image = n.nginx_image()
    first = []
    for _ in range(RUNS):
        with wires.Emulated(b, image) as guest:
            guest.await_answer(http_ready)
            first.append(guest.count())
    b.row('reset to nginx\'s first HTTP answer', min(first), 'insns', 6e6,
          'Nanos 18.1 M, Linux 104 M, Unikraft native 9 M')
    with wires.Emulated(b, image) as guest:
        guest.await_answer(http_ready)
        requests(guest.context, 100)
        wrk(guest.context, 1)
        time.sleep(0.5)
        b.row('nginx waits', guest.measure('waits', lambda: time.sleep(2), 2),
              'insns/s', None, 'Nanos 15 to 20 k')
        b.row('nginx, a keep-alive request', guest.measure(
            'keep-alive', lambda: requests(guest.context, SEQUENCE),
            SEQUENCE), 'insns', 20000,
              'Linux 40.4 k, Unikraft 52.3 k, OSv 54.9 k, Nanos 55 k')
        b.row('nginx, a connection and a request', guest.measure(
            'connection', lambda: connections(guest.context, CONNECTIONS),
            CONNECTIONS), 'insns', 45000, 'Nanos 100 k, Linux 131 k')
        done = {}
        total = guest.measure(
            'wrk', lambda: done.update(wrk(guest.context, 5)), 1)
        b.row('nginx, the same by wrk -c32', total / done['count'], 'insns',
              20000, '-')
    show_profiles(b, guest)


def bench_redis(b):
    n = net(b)
    with wires.Emulated(b, n.redis_image()) as guest:
        guest.await_answer(redis_ready)
        b.row('reset to redis\'s first PONG', guest.count(), 'insns', None,
              '-')
        redis_benchmark(guest.context, 1, 5000, 'set')
        for pipeline, target, peer in ((1, 9000, 'Linux 20.9 k, Nanos 19.5 k'),
                                       (16, 2500, 'Linux 4.6 k, Nanos 7-8 k')):
            count = 20000
            b.row('redis GET -P %d' % pipeline, guest.measure(
                '-P %d' % pipeline, lambda: redis_benchmark(
                    guest.context, pipeline, count), count), 'insns', target, peer)
    show_profiles(b, guest)


def works(start, ready):
    """Whether a server answers, and goes on doing so."""
    try:
        with start() as guest:
            guest.await_answer(ready, 15)
            for _ in range(20):
                ready(guest.context)
        return True
    except (RuntimeError, OSError, clients.Wrong):
        return False


def bench_memory(b):
    n = net(b)
    rows = (('nginx', n.nginx_image(), http_ready, 4096,
             'Nanos 15, OSv 20, Unikraft 40, Linux 43 MiB'),
            ('redis', n.redis_image(), redis_ready, 8192,
             'Linux 61, Nanos 81 MiB'))
    for name, image, ready, target, peer in rows:
        kib = b.least(1024, 65536, 256, lambda kib: works(
            lambda: wires.Emulated(b, image, '%dK' % kib, counted=False),
            ready))
        b.row('least memory, %s, QEMU microvm, with the image' % name,
              kib or 'not at 64 MiB', 'KiB', None, peer)
        if not common.kvm_opens():
            b.row('least -m for ' + name, 'no KVM', 'KiB', target, peer)
            continue
        kib = b.least(512, 65536, 128, lambda kib: works(
            lambda: wires.Guest(b, image, '%dK' % kib), ready))
        b.row('least -m beside the image, %s' % name, kib or 'not at 64 MiB',
              'KiB', target, peer)


def against_native(b, servers, measure):
    """(native, guest): the best rates of several, alternating."""
    best = {}
    for _ in range(RUNS):
        for side, server in servers.items():
            best[side] = max(measure(server.context), best.get(side, 0))
    return best['native'], best['guest']


def rate_row(b, what, native, guest, unit, target):
    b.row('%s: %.0f %s native, %.0f in a guest: time' % (
        what, native, unit, guest), round(100 * native / guest, 1), '%',
          target, '-')


def pair(b, command, image, ready):
    """{'native': Server, 'guest': Server}, both answering."""
    both = {'native': wires.Native(net(b).wires, command),
            'guest': wires.Guest(b, image)}
    for server in both.values():
        server.await_answer(ready)
    return both


def with_pair(b, title, command, image, ready, work):
    if not common.kvm_opens():
        b.row(title, 'no KVM', '', None, '-')
        return
    both = {}
    try:
        both = pair(b, command, image, ready)
        work(both)
    finally:
        for server in both.values():
            server.stop()


def bench_speed(b):
    n = net(b)

    def nginx(both):
        rate_row(b, 'nginx, wrk -t1 -c32', *against_native(
            b, both, lambda context: wrk(context, 4)['rate']), 'requests/s',
            100)

    def redis(both):
        for pipeline, count in ((1, 100000), (16, 500000)):
            rate_row(b, 'redis GET -c 20 -P %d' % pipeline, *against_native(
                b, both, lambda context: redis_benchmark(
                    context, pipeline, count)), 'requests/s', 100)

    with_pair(b, 'nginx against native', n.nginx, n.nginx_image(), http_ready,
              nginx)
    with_pair(b, 'redis against native', REDIS, n.redis_image(), redis_ready,
              redis)


def bench_latency(b):
    n = net(b)

    def work(both):
        worst = {}
        for side, server in both.items():
            rate = wrk(server.context, 2)['rate']
            done = wrk(server.context, int(REQUESTS / rate) + 1)
            worst[side] = done['worst_ms']
        b.row('worst of %d requests, 32 connections: %.1f ms native, %.1f; '
              'beyond' % (REQUESTS, worst['native'], worst['guest']),
              round(max(0, worst['guest'] - worst['native']), 1), 'ms', 20,
              '1-2 s: Nanos, Unikraft, OSv')

    with_pair(b, 'worst latency', n.nginx, n.nginx_image(), http_ready, work)


def bulk(context, direction):
    """MB/s of BULK bytes that the server sends ('s') or receives ('r')."""
    with clients.connect(context, 5001) as s:
        s.sendall(direction)
        began = time.perf_counter()
        buf, left = bytearray(1 << 20), BULK
        while left > 0:
            done = (s.recv_into(buf) if direction == b's' else
                    s.send(memoryview(buf)[:min(left, len(buf))]))
            if done == 0:
                raise RuntimeError('bulk: ends %d bytes early' % left)
            left -= done
        if direction == b'r':
            s.shutdown(socket.SHUT_WR)
            s.recv(1)
        return BULK / 1e6 / (time.perf_counter() - began)


def bulk_ready(context):
    clients.connect(context, 5001, 1).close()


def bench_bulk(b):
    n = net(b)
    program = b.compile('bulk')

    def work(both):
        for what, direction in (('sends', b's'), ('receives', b'r')):
            rate_row(b, 'bulk TCP, the server ' + what, *against_native(
                b, both, lambda context: bulk(context, direction)), 'MB/s',
                125)

    with_pair(b, 'bulk TCP', [program], n.image('bulk', [program]), bulk_ready,
              work)


LINES = {'1 % lost': {'loss': 1}, '5 % lost': {'loss': 5},
         'bursts of ten lost': {'loss': 0.1, 'burst': 10},
         '1 % late by 20 packets': {'late': 1, 'behind': 20},
         '1 % doubled': {'twice': 1},
         '1 % lost, 20 ms': {'loss': 1, 'delay_ms': 10}}
ENDS = {'native': ('near', '10.0.4.1'), 'guest': (wires.TAP, '10.0.3.1')}


def bench_lines(b):
    """Streams of 16 MiB, by CUBIC on both sides. The time of eight seeds
    together counts: it has all that stalls, where Linux itself takes four times
    as long with one seed as with another."""
    line = lossy.compile_line(b.place)
    program = streams.compile_server(b.place)

    def rate(side, server, way, move):
        wire = packets.Wire(*ENDS[side], server.address)
        is_slow = 'delay_ms' in way or way.get('loss', 0) > 1
        rates = []
        for seed in range(LINE_SEEDS):
            with lossy.Relay(line, wire, seed, way, way):
                rates.append(move(server.context,
                                  LINE_BYTES >> (2 * is_slow)))
        return statistics.harmonic_mean(rates)

    def work(both):
        for what, way in LINES.items():
            for move in (streams.download, streams.upload):
                rates = {side: rate(side, server, way, move)
                         for side, server in both.items()}
                rate_row(b, 'a line with %s, %s' % (what, move.__name__),
                         rates['native'], rates['guest'], 'MB/s', 125)

    with_pair(b, 'bad lines', [program], net(b).image('stream', [program]),
              streams.ready, work)


DRIVER = {'received, in bursts': 400, 'echoed, in bursts': 800,
          'echoed, one at a time': 1400}


def bench_driver(b):
    """Without protocols; what answers and counts in the guest included."""
    subprocess.run(['make', 'B=' + b.build, b.build + '/responder.elf'],
                   check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(['tools/run-netdev', '-b', b.build, '-c'], check=True,
                          capture_output=True, text=True)
    counts = dict(re.findall(r'^(\w.*?) +([\d.]+) instructions each', done.stdout,
                             re.M))
    for what, target in DRIVER.items():
        b.row('driver: a frame ' + what,
              float(counts[what]) if what in counts else done.stdout.strip(),
              'insns', target, '-')


ROWS = {'net-driver': bench_driver, 'net-http': bench_http, 'net-redis': bench_redis,
        'net-memory': bench_memory, 'net-speed': bench_speed,
        'net-latency': bench_latency, 'net-bulk': bench_bulk,
        'net-lines': bench_lines}
