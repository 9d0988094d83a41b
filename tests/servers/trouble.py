#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""trouble.py - what goes wrong on a network, done to one server.

  trouble.py BUILD CONFIG [CASE...]

tools/run-trouble starts it in new namespaces. CONFIG is native, or where a
guest runs, as in tools/common.py. One nginx stands it all, one case after the
other: each must find it serving, and leave it serving. For each case a line
`ok CASE` or `not ok CASE: why` comes out.
"""
import os
import random
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                'tools'))
import clients  # noqa: E402
import common  # noqa: E402
import lossy  # noqa: E402
import packets  # noqa: E402
import stores  # noqa: E402
import streams  # noqa: E402
import wires  # noqa: E402
from clients import Http, check  # noqa: E402
from packets import ACK, FIN, PSH, RST, SYN  # noqa: E402

PAGE = b'A maple\'s fruit.\n' * 36
LARGE = 32 << 20
MEMORY = {'small': '32M', 'unheard': '32M', 'crowded': '16M',
          'left': '16M', 'closed': '16M'}  # else 256M
CASES = {'nginx': [], 'redis': [], 'small': [], 'crowded': [], 'backlog': [],
         'busy': [], 'unheard': [], 'stream': [], 'left': [],
         'closed': []}  # by server
REDIS = ['/usr/bin/redis-server', '--save', '', '--bind', '0.0.0.0',
         '--protected-mode', 'no', '--maxclients', '12000',
         '--tcp-backlog', '1024']
ASKED = ('backlog', 'busy', 'unheard')  # are backlog.c
OF_REDIS = ('redis', 'crowded')


def case(function, server='nginx'):
    CASES[server].append(function)
    return function


def small_case(function):
    """For a server of little memory."""
    return case(function, 'small')


class Trouble:
    """The server, and both ways to it: this machine's and frames by hand."""

    def __init__(self, config, kind, server, wire):
        self.kind = kind
        self.emulated = config == 'qemu/tcg'
        self.server, self.wire = server, wire
        self.address = server.address
        self.network = server.address.rpartition('.')[0]
        self.context = server.context
        self.random = random.Random(6)
        self.port = 20000

    def some(self, many, few):
        return few if self.emulated else many

    def fake(self, number=77):
        return packets.Fake(self.wire, '%s.%d' % (self.network, number))

    def own_port(self):
        """A port that no case has used."""
        self.port += 1
        return self.port

    def spoofed(self):
        """An address that is not there, and for which nobody answers."""
        return '%s.%d' % (self.network, self.random.randrange(100, 250))

    def serves(self, times=5):
        """New connections are served."""
        if self.kind in ASKED:
            check(self.ask(b'?') == b'?', 'the other port does not answer')
            return
        if self.kind in OF_REDIS:
            stores.redis_ready(self.context)
            return
        if self.kind == 'stream':
            streams.echoes(self.context, times)
            return
        for _ in range(times):
            with Http(self.context, 80) as h:
                got = h.get('/')[2]
                check(got == PAGE, 'the page differs', len(got))

    def ask(self, byte):
        """What backlog.c answers on its second port."""
        with clients.connect(self.context, 7002) as s:
            return clients.exchange(s, byte, size=1)

    def ask_while(self, work):
        """Run work() while connections, old and new, are being served."""
        end, wrong = threading.Event(), []

        def ask():
            try:
                with Http(self.context, 80) as h:
                    while not end.is_set():
                        check(h.get('/')[2] == PAGE, 'the page differs')
                        self.serves(1)
            except (OSError, clients.Wrong) as e:
                wrong.append('%s: %s' % (type(e).__name__, e))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            work()
        finally:
            end.set()
            thread.join()
        check(not wrong, 'others are not served:', wrong[:1])

    def syn_ack(self, packet, port):
        """Whether a SYN is answered."""
        fake = self.fake()
        self.wire.send(packet)
        return fake.segment(port, 1, lambda s: s.flags & SYN)


@case
def pings(t):
    """Echoes come back, of all sizes, but for those with a wrong sum."""
    own = t.fake().ip
    for size in (0, 1, 56, 1400):
        data = t.random.randbytes(size)
        check(t.wire.answers(packets.ping(own, t.address, size, data),
                             lambda p: p[9] == 1 and p[20] == 0 and
                             p[28:28 + size] == data), 'no echo of', size)
    t.wire.send(packets.ping(own, t.address, 7, b'x' * 30, wrong=1))
    check(not t.wire.await_frame(
        lambda f: f[23:24] == b'\1' and f[34:35] == b'\0' and
        f[40:42] == b'\0\7', 1), 'an echo with a wrong sum is answered')


@case
def wrong_sums(t):
    fake = t.fake()
    port = t.own_port()
    good = packets.tcp(fake.ip, t.address, (port, 80), SYN, 1)
    for what, packet in (
            ('TCP', packets.tcp(fake.ip, t.address, (port, 80), SYN, 1,
                                wrong=1)),
            ('IP', good[:10] + bytes([good[10] ^ 1]) + good[11:])):
        check(not t.syn_ack(packet, port), 'a wrong sum passes:', what)
    check(t.syn_ack(good, port), 'no answer to a good SYN')
    fake.tcp((port, 80), RST, 2)


@case
def malformed(t):
    """Headers that lie, in all layers."""
    own = t.fake().ip
    good = packets.tcp(own, t.address, (t.own_port(), 80), SYN, 1,
                       options=b'\2\4\5\xb4')
    for cut in range(len(good)):
        t.wire.send(good[:cut])
    for payload in (b'', b'\0', b'\x45' * 20, b'\x60' * 40, b'\xff' * 1500):
        for kind in (packets.ETH_IP, packets.ETH_ARP, packets.ETH_IPV6,
                     0x8100, 0, 1500):
            t.wire.send(payload, kind)
    for more in (dict(length=0), dict(length=19), dict(length=65535),
                 dict(version=5), dict(ttl=0), dict(options=b'\x07\x03\4\0'),
                 dict(options=b'\x44\xff\0\0'), dict(options=b'\1' * 40),
                 dict(options=b'\x83\x07\x04' + bytes(5)),
                 dict(fragment=0x3fff), dict(fragment=0x8000)):
        for protocol in (0, 1, 2, 6, 17, 41, 50, 255):
            t.wire.send(packets.ip(own, t.address, protocol, good[20:],
                                   **more))
    for length in (0, 7, 9, 65535):
        t.wire.send(packets.udp(own, t.address, (1, 53), b'x', length))
    for offset in range(16):
        t.wire.send(packets.tcp(own, t.address, (1, 80), SYN, 1,
                                offset=offset))
    for options in (b'\2', b'\2\0', b'\2\1', b'\2\2', b'\2\xff\1\1', b'\3\3',
                    b'\3\3\xff\0', b'\5\2', b'\5\12' + bytes(8), b'\5\3\1',
                    b'\x08\x0a\1', b'\xfe' * 40, b'\1' * 40, b'\2\4\0\0',
                    b'\x22\x03\1', b'\2\4\0\1' * 10):
        for flags in (SYN, ACK, SYN | FIN, 0, 63):
            t.wire.send(packets.tcp(own, t.address, (t.own_port(), 80), flags,
                                    1, options=options))
    for source in (t.address, '127.0.0.1', '0.0.0.0', '255.255.255.255',
                   '224.0.0.1'):
        t.wire.send(packets.tcp(source, t.address, (80, 80), SYN, 1))
        t.wire.send(packets.ping(source, t.address, 1))
    for target in ('255.255.255.255', '224.0.0.1', t.network + '.255'):
        t.wire.send(packets.tcp(own, target, (1, 80), SYN, 1))
        t.wire.send(packets.ping(own, target, 1))


@case
def mutated(t):
    """Packets of a good kind with some bytes changed, sums of IP put right."""
    own = t.fake().ip
    seeds = [packets.tcp(own, t.address, (999, 80), SYN, 1,
                         options=b'\2\4\5\xb4\4\2\x08\x0a' + bytes(8)),
             packets.tcp(own, t.address, (998, 80), ACK | PSH, 7, 9, b'GET /'),
             packets.udp(own, t.address, (53, 53), bytes(40)),
             packets.icmp(own, t.address, 3, 4, data=packets.tcp(
                 t.address, own, (80, 999), ACK)),
             packets.icmp(own, t.address, 5, 1, data=bytes(28))]
    v6 = (struct.pack('!IHBB', 6 << 28, 24, 58, 255) + bytes(16) +
          bytes.fromhex('ff0200000000000000000000000000 01') +
          b'\x86\0\0\0' + bytes(20))
    for _ in range(t.some(20000, 3000)):
        six = t.random.random() < 0.2
        packet = bytearray(v6 if six else t.random.choice(seeds))
        for _ in range(t.random.randrange(1, 6)):
            packet[t.random.randrange(len(packet))] = t.random.randrange(256)
        if not six and (packet[0] & 15) * 4 <= len(packet):
            size = max(20, (packet[0] & 15) * 4)
            packet[10:12] = b'\0\0'
            packet[10:12] = struct.pack('!H', packets.checksum(
                bytes(packet[:size])))
        t.wire.send(bytes(packet[:t.random.randrange(1, len(packet) + 1)])
                    if t.random.random() < 0.2 else bytes(packet),
                    packets.ETH_IPV6 if six else packets.ETH_IP)


@case
def fragments(t):
    """In order, backwards, mixed; overlapping ones are never put together
    wrongly; those of which the rest never comes do not fill the memory."""
    own = t.fake().ip
    data = t.random.randbytes(3000)
    for number, order in enumerate((list, lambda r: list(r)[::-1],
                                    lambda r: sorted(r, key=lambda i: i % 3))):
        whole = packets.ping(own, t.address, number, data)
        whole = whole[:4] + struct.pack('!H', 500 + number) + whole[6:]
        got = None
        for _ in range(5):
            for piece in packets.fragments(whole, 1000, order):
                t.wire.send(piece)
            got = t.wire.await_frame(
                lambda f: f[23:24] == b'\1' and f[34:35] == b'\0', 2)
            if got:
                break
        check(got, 'pieces in order', number, 'are not put together')
    for number in range(t.some(3000, 500)):
        head = packets.ip(own, t.address, 17, b'x' * 1000, ident=number + 1000,
                          fragment=0x2000 | 8 * (number % 3))
        t.wire.send(head)
    for at, size in ((0, 64), (3, 64), (0, 8), (8100, 1400), (8191, 8)):
        for more in (0x2000, 0):
            t.wire.send(packets.ip(own, t.address, 1, b'y' * size, ident=9,
                                   fragment=more | at))


@case
def spoofed_segments(t):
    """A connection stands what others send in its name, and what it did not
    ask for."""
    with Http(t.context, 80) as h:
        own, port = h.s.getsockname()[:2]
        check(h.get('/')[2] == PAGE, 'before')
        for flags in (RST, SYN, FIN | ACK, ACK, RST | ACK, SYN | ACK):
            for _ in range(50):
                t.wire.send(packets.tcp(
                    own, t.address, (port, 80), flags,
                    t.random.getrandbits(32), t.random.getrandbits(32),
                    b'' if flags & (SYN | RST) else b'GET /evil'))
        inner = packets.tcp(t.address, own, (80, port), ACK,
                            t.random.getrandbits(32))[:28]
        for kind, code in ((3, 0), (3, 1), (3, 3), (3, 4), (4, 0), (11, 0),
                           (12, 0), (5, 0)):
            t.wire.send(packets.icmp(own, t.address, kind, code, data=inner))
        check(h.get('/')[2] == PAGE, 'after')


@case
def icmp_storm(t):
    own = t.fake().ip
    echo = t.wire.frame(packets.ping(own, t.address, 1, b'x' * 1000))
    dead = t.wire.frame(packets.icmp(own, t.address, 3, 1, data=bytes(28)))

    def storm():
        for _ in range(t.some(20000, 2000)):
            t.wire.raw(echo)
            t.wire.raw(dead)

    t.ask_while(storm)


@case
def arp_flood(t):
    """More neighbours than any table has; those in use stay."""
    def flood():
        for i in range(t.some(20000, 2000)):
            mac = b'\2\0' + struct.pack('!I', i)
            t.wire.send(packets.arp(
                1 + i % 2, mac, '%s.%d' % (t.network, 100 + i % 150),
                t.wire.server_mac, t.address), packets.ETH_ARP, source=mac)

    t.ask_while(flood)


@case
def syn_flood(t):
    def flood():
        for _ in range(t.some(30000, 3000)):
            t.wire.send(packets.tcp(
                t.spoofed(), t.address,
                (t.random.randrange(1024, 65536), 80), SYN,
                t.random.getrandbits(32), options=b'\2\4\5\xb4'))

    # Of those half open more than a listener holds are answered by cookies.
    t.ask_while(flood)


@case
def changed_syns(t):
    """A SYN is followed by others for the same ports, which ask for other
    things: what the first asked for holds, and none of them does harm."""
    fake = t.fake()
    scaled = b'\2\4\5\xb4\1\3\3\7'
    for to, first, then, data in (
            (80, b'', scaled, b''), (80, scaled, b'', b''),
            (81, b'', scaled, b''), (81, b'', scaled, b'x' * 1000),
            (81, b'\2\4\2\0', scaled + b'\4\2\1\1', b'')):
        port = t.own_port()
        fake.tcp((port, to), SYN, 1, data=data, options=first)
        check(fake.segment(port, 5, lambda s: s.flags == SYN | ACK),
              'no answer to a SYN')
        for seq in (1, 1, 2, 1 << 31, 1):
            fake.tcp((port, to), SYN, seq, options=then)
            fake.tcp((port, to), SYN, seq, data=data, options=first)
        t.serves(1)
        fake.tcp((port, to), RST, 2)


@case
def beyond_the_window(t):
    """Data that comes early and reaches beyond the window, then all that is
    before it: in one packet, so that no program has read meanwhile."""
    fake = t.fake()
    for size in (100, 1400):
        port = t.own_port()
        fake.tcp((port, 81), SYN, 1)
        answer = fake.segment(port, 5, lambda s: s.flags == SYN | ACK)
        check(answer, 'no answer to a SYN')
        ack, room = answer.seq + 1, answer.window
        fake.tcp((port, 81), ACK, 2, ack)
        fake.tcp((port, 81), ACK, 2 + room - 10, ack, b'x' * size)
        for piece in packets.fragments(packets.tcp(
                fake.ip, t.address, (port, 81), ACK, 2, ack,
                b'x' * (room - 10)), 1400):
            t.wire.send(piece)
        t.serves(1)
        fake.tcp((port, 81), RST, 2 + room)


@case
def segments_without_room(t):
    """An MSS that leaves no byte beside the options."""
    stamp = b'\1\1\x08\x0a\0\0\0\1' + bytes(4)
    fake = t.fake()
    for size in (1, 11, 12, 13):
        port = t.own_port()
        state = fake.connect(80, port,
                             options=b'\2\4\0' + bytes([size]) + stamp)
        check(state, 'no connection')
        seq, ack = state
        fake.tcp((port, 80), ACK | PSH, seq, ack,
                 b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', options=stamp)
        check(fake.segment(port, 5, lambda s: s.data and s.seq == ack),
              'no answer at an MSS of', size)
        fake.tcp((port, 80), RST, seq + 27)
        t.serves(1)


@case
def begun_anew(t):
    """A peer that has forgotten its half open connection gets another. Where
    nobody floods: a cookie would not be forgotten."""
    fake, port = t.fake(), t.own_port()
    fake.tcp((port, 81), SYN, 1)
    check(fake.segment(port, 5, lambda s: s.flags == SYN | ACK),
          'no answer to a SYN')
    fake.tcp((port, 81), SYN, 1 << 31)
    told = fake.segment(port, 5, lambda s: s.flags == ACK)
    check(told, 'no answer to another SYN')
    fake.tcp((port, 81), RST, told.ack)
    fake.tcp((port, 81), SYN, 1 << 31)
    check(fake.segment(port, 5, lambda s: s.flags == SYN | ACK and
                       s.ack == (1 << 31) + 1), 'no new connection')
    fake.tcp((port, 81), RST, (1 << 31) + 1)


@case
def silent_peers(t):
    """Connections that are made, and of which nothing more is heard."""
    fake = t.fake()
    made = 0
    for _ in range(t.some(300, 100)):
        port = t.own_port()
        if fake.connect(80, port):
            made += 1
    check(made > t.some(250, 80), 'only', made, 'connections')
    t.serves()
    # They vanish without a word; a reset for each is what a guest would see
    # of a machine that was started again.
    for port in range(t.port - made, t.port + 1):
        fake.tcp((port, 80), RST | ACK, 0, 0)


@case
def vanishing_peers(t):
    """In the midst of a download nothing is acknowledged any more."""
    fake = t.fake(78)
    for _ in range(t.some(100, 20)):
        port = t.own_port()
        state = fake.connect(80, port, options=b'\2\4\5\xb4')
        check(state, 'no connection')
        fake.tcp((port, 80), ACK | PSH, state[0], state[1],
                 b'GET /large HTTP/1.1\r\nHost: x\r\n\r\n')
    t.ask_while(lambda: time.sleep(3))


@case
def overlapping_data(t):
    """A request in segments that overlap and come in any order."""
    fake = t.fake(79)
    text = b'GET / HTTP/1.0\r\nHost: overlapping\r\n\r\n'
    port = t.own_port()
    state = fake.connect(80, port)
    check(state, 'no connection')
    seq, ack = state
    for at, size in ((20, 10), (5, 20), (30, 100), (0, 3), (2, 9), (2, 9)):
        fake.tcp((port, 80), ACK | PSH, seq + at, ack, text[at:at + size])
    answer = fake.segment(port, 20, lambda s: s.data)
    check(answer and answer.data.startswith(b'HTTP/1.1 200'), 'answer',
          answer and answer.data[:40])
    fake.tcp((port, 80), RST, seq + len(text))


@case
def stopped_readers(t):
    """Clients that ask for much and read nothing."""
    stopped = []
    for number in range(t.some(200, 30)):
        h = Http(t.context, 80)
        if number > 0:
            h.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        h.send('/large')
        stopped.append(h)
    t.ask_while(lambda: time.sleep(2))
    body = stopped[0].receive()[2]
    check(len(body) == LARGE, 'a reader that goes on gets', len(body))
    for h in stopped:
        h.s.close()


@case
def slow_writer(t):
    """A byte now and then."""
    def slowly():
        with Http(t.context, 80) as h:
            for byte in b'GET / HTTP/1.1\r\nHost: x\r\n\r\n':
                h.s.sendall(bytes([byte]))
                time.sleep(t.some(0.1, 0.3))
            check(h.receive()[2] == PAGE, 'the slow one gets another page')

    t.ask_while(slowly)


@case
def small_windows(t):
    """A peer with a window of a few bytes, which then closes it."""
    fake = t.fake(80)
    port = t.own_port()
    state = fake.connect(80, port, window=10)
    check(state, 'no connection')
    seq, ack = state
    fake.tcp((port, 80), ACK | PSH, seq, ack,
             b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', window=10)
    seq += 27
    got = b''
    for _ in range(20):
        segment = fake.segment(port, 20, lambda s: s.data and s.seq == ack)
        check(segment, 'nothing comes after', len(got))
        got += segment.data[:10]
        ack = (ack + len(segment.data[:10])) & 0xffffffff
        fake.tcp((port, 80), ACK, seq, ack, window=10)
    check(got.startswith(b'HTTP/1.1 200'), got)
    fake.tcp((port, 80), RST, seq)


def many_connections(t):
    """Ten thousand at once, all of them in use. redis raises its own limit
    of descriptors."""
    count = t.some(10000, 1000)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(count, hard - 100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    open_ones = []
    try:
        for _ in range(count):
            open_ones.append(clients.connect(t.context, 6379))
        for _ in range(2):
            for s in open_ones:
                s.sendall(b'PING\r\n')
            for s in open_ones:
                check(clients.exchange(s, b'', b'+PONG\r\n') ==
                      b'+PONG\r\n', 'one of many gets another answer')
    except OSError as e:
        check(False, 'with', len(open_ones), 'connections:', e)
    finally:
        for s in open_ones:
            s.close()


CASES['redis'].append(many_connections)


def crowd(t):
    """More connections than there is memory for: some have to wait, those that
    there are go on, and when they have gone there is room again."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(8000, hard - 100)
    came = []
    with select.epoll() as waiting:
        open_ones = {}
        for _ in range(count):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((t.address, 6379))
            open_ones[s.fileno()] = s
            waiting.register(s, select.EPOLLOUT)
            if len(open_ones) % 100 and len(open_ones) < count:
                continue
            while (found := waiting.poll(2 if len(open_ones) == count else
                                         t.some(0, 0.02))):
                for fd, _ in found:
                    waiting.unregister(fd)
                    came.append(open_ones[fd])
    check(len(came) > 1500, 'there are only', len(came))
    for s in came[:20]:
        s.settimeout(clients.TIMEOUT_S)
        check(clients.exchange(s, b'PING\r\n', b'+PONG\r\n') ==
              b'+PONG\r\n', 'one of those that came gets another answer')
    for s in open_ones.values():
        s.close()


CASES['crowded'].append(crowd)


def vanishing_at_the_end(t):
    """Clients ask for one page, and vanish before they have it: their
    connections are closed, and hold what memory there is, until others come."""
    fake = t.fake(82)
    made = set()
    count = t.some(8000, 6000)
    for port in range(20000, 20000 + count, 100):
        for p in range(port, port + 100):
            fake.tcp((p, 80), SYN, 1)
        while frame := t.wire.await_frame(
                lambda f: f[23:24] == b'\6' and f[47:48] == b'\x12' and
                f[30:34] == packets.address(fake.ip), 0.05):
            got = packets.Segment(frame)
            made.add(got.ports[1])
            fake.tcp((got.ports[1], 80), ACK | PSH, 2, got.seq + 1,
                     b'GET / HTTP/1.0\r\n\r\n')
    check(len(made) > 1500, 'only', len(made), 'connections')
    t.serves()


CASES['left'].append(vanishing_at_the_end)


@case
def lossy_line(t):
    """One packet in a hundred is lost, one doubled, two change places."""
    trouble = {'loss': 1, 'twice': 1, 'late': 1, 'behind': 1}
    with lossy.Relay(lossy.compile_line('/srv'), t.wire, 6, trouble,
                     trouble) as relay:
        with Http(t.context, 80) as h:
            body = h.get('/large')[2]
            check(len(body) == LARGE, 'the file has', len(body))
            check(body == large(), 'the file differs')
        clients.at_once(8, lambda _: t.serves(t.some(50, 10)))
    check(all(relay.counts['in']), 'nothing was lost', relay.counts)


def closed_windows(t):
    """More peers with a closed window than there is memory for, until nobody is
    let in: others are served all the same, while those stay."""
    stopped = []
    try:
        for _ in range(600):
            s = socket.socket()
            stopped.append(s)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.settimeout(2)
            s.connect((t.address, 80))
            s.sendall(b'GET /large HTTP/1.1\r\nHost: x\r\n\r\n')
    except OSError:
        pass
    check(len(stopped) > 100, 'only', len(stopped), 'are let in')
    t.serves(20)
    for s in stopped:
        s.close()


CASES['closed'].append(closed_windows)


@small_case
def memory_for_sockets(t):
    """More is asked for by those who do not read than there is memory."""
    stopped = []
    for _ in range(t.some(400, 100)):
        h = Http(t.context, 80)
        h.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        h.send('/large')
        stopped.append(h)
    t.ask_while(lambda: time.sleep(2))
    for h in stopped:
        h.s.close()
    for _ in range(2):
        with Http(t.context, 80) as h:
            check(h.get('/large')[2] == large(), 'the file differs afterwards')


@small_case
def memory_for_fragments(t):
    """Datagrams of which a piece is missing, 60 MB of them."""
    own = t.fake().ip

    def flood():
        for number in range(t.some(40000, 20000)):
            t.wire.send(packets.ip(own, t.address, 17, bytes(1480),
                                   ident=number, fragment=0x2000))

    t.ask_while(flood)


@small_case
def memory_for_order(t):
    """Segments of which the first is missing, on many connections."""
    fake = t.fake()
    ports = []
    for _ in range(t.some(100, 40)):
        port = t.own_port()
        state = fake.connect(80, port)
        check(state, 'no connection')
        ports.append((port, state))

    def flood():
        for at in range(1, 64000, 1400):
            for port, (seq, ack) in ports:
                fake.tcp((port, 80), ACK, seq + at, ack, bytes(1400))

    t.ask_while(flood)
    for port, (seq, _) in ports:
        fake.tcp((port, 80), RST, seq)


def full_queue(t):
    """More wait to be accepted than may: the others are served, and those
    that wait once somebody accepts."""
    waiting = []
    for _ in range(30):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((t.address, 7001))
        waiting.append(s)
    for _ in range(10):
        check(t.ask(b'?') == b'?', 'the other port')
        time.sleep(0.1)
    silent = list(waiting)
    end = time.monotonic() + 120
    while waiting and time.monotonic() < end:
        # With SYN cookies a server hears by this who has connected.
        for s in select.select([], silent, [], 0)[1]:
            s.send(b'x')
            silent.remove(s)
        t.ask(b'a')
        for s in select.select(waiting, [], [], 0.5)[0]:
            check(s.recv(6) == b'hello\n', 'another greeting')
            s.close()
            waiting.remove(s)
    check(not waiting, len(waiting), 'of those that waited never get through')


CASES['backlog'].append(full_queue)


def busy(t):
    """One thread computes and never calls: the other is woken all the same."""
    for _ in range(20):
        check(t.ask(b'?') == b'?', 'the computing server')
        time.sleep(0.1)


CASES['busy'].append(busy)


def unread(t):
    """What nobody reads fills the memory for what is received, and others are
    served all the same."""
    held = []
    for i in range(300):
        s = clients.connect(t.context, 7003)
        s.setblocking(False)
        held.append(s)
        try:
            while True:
                s.send(b'x' * 16384)
        except BlockingIOError:
            pass
        if i % 20 == 0:
            check(t.ask(b'?') == b'?', 'after', i)
    time.sleep(1)
    for _ in range(20):
        check(t.ask(b'?') == b'?', 'while all is held')
    for s in held:
        s.close()
    time.sleep(1)
    check(t.ask(b'?') == b'?', 'when all is given up')


CASES['unheard'].append(unread)


# What happens to packets on the way to the server and back.
BAD_LINES = ({'loss': 1}, {'loss': 5}, {'loss': 0.2, 'burst': 10},
             {'late': 5, 'behind': 3}, {'late': 2, 'behind': 20},
             {'twice': 2}, {'loss': 1, 'late': 1, 'late_ms': 2,
                            'delay_ms': 5, 'jitter_ms': 2})


def bad_lines(t):
    """Streams both ways and echoes over lines that are bad in one way each:
    every byte arrives, and what is sent again is what was lost, or late."""
    line, size = lossy.compile_line('/srv'), t.some(2 << 20, 1 << 20)
    for way in BAD_LINES:
        before = streams.counters(t.context)
        with lossy.Relay(line, t.wire, 6, way, way) as relay:
            streams.download(t.context, size)
            streams.upload(t.context, size)
            streams.echoes(t.context, 30)
        after = streams.counters(t.context)
        resent = after['RetransSegs'] - before['RetransSegs']
        _, lost, doubled, late = relay.counts['in']
        check(lost + doubled + late, 'the line was good:', way)
        # A time-out repeats what had arrived, each probe a packet.
        check(resent <= 3 * (lost + late) + 100, resent, 'sent again for',
              lost, 'lost and', late, 'late:', way)
        if way.get('twice'):
            check(after['TCPDSACKOldSent'] > before['TCPDSACKOldSent'],
                  'nobody is told what came twice')


CASES['stream'].append(bad_lines)


def misbehaving(t):
    """One peer stops reading, one sends a byte now and then, one vanishes in
    the midst of what it asked for, and 31 are served. Who has vanished is
    given up by TCP_USER_TIMEOUT."""
    fake, port = t.fake(81), t.own_port()
    stopped = streams.begin(t.context, 's', 1 << 26)
    slow = streams.begin(t.context, 'r', 10)
    state = fake.connect(streams.PORT, port, options=b'\2\4\5\xb4')
    check(state, 'no connection')
    fake.tcp((port, streams.PORT), ACK | PSH, state[0], state[1], b'u 1500\n')
    for n in range(10):
        clients.at_once(31, lambda _: streams.echoes(t.context, 3))
        slow.sendall(bytes([n]))
        time.sleep(0.3)
    check(slow.recv(1) == b'+', 'the slow one is not understood')
    end = time.monotonic() + 60
    while streams.ask(t.context, 'q') != '110' and time.monotonic() < end:
        time.sleep(0.2)
    error = streams.ask(t.context, 'q')
    check(error == '110', 'who has vanished is waited for:', error)
    # Who goes on gets all of it.
    got, buf = 0, bytearray(1 << 18)
    while got < 1 << 26:
        count = stopped.recv_into(buf)
        at = got % streams.PERIOD
        check(count and memoryview(buf)[:count] ==
              streams.PATTERN[at:at + count], 'the stream ends after', got)
        got += count
    stopped.close()
    slow.close()


CASES['stream'].append(misbehaving)


def unanswered(t):
    """Datagrams to one who never says a word: each arrives of those that are
    sent now and then, and of many at once none is refused."""
    came, refused = streams.datagrams(t.context, 1000, 500)
    check(came == 1000, 'only', came, 'of 1000 datagrams came')
    check(refused == 0, refused, 'of 1000 datagrams were refused')
    refused = streams.datagrams(t.context, t.some(100000, 10000), 0)[1]
    check(refused == 0, refused, 'of many datagrams were refused')


CASES['stream'].append(unanswered)


def large():
    return random.Random(7).randbytes(1 << 20) * (LARGE >> 20)


def make_files(place):
    os.makedirs(place + '/www')
    os.makedirs(place + '/run')
    subprocess.run(['gcc', '-O2', '-pthread', os.path.join(HERE, 'backlog.c'), '-o',
                    place + '/backlog'], check=True)
    streams.compile_server(place)
    shutil.copy(os.path.join(HERE, 'files/trouble.conf'), place)
    for name, data in (('index.html', PAGE), ('large', large())):
        with open(place + '/www/' + name, 'wb') as f:
            f.write(data)


def start(config, kind, build, net):
    """(the server, the interface to it and this machine's address there)."""
    command = (['/srv/backlog'] + ['busy'] * (kind == 'busy')
               if kind in ASKED else REDIS if kind in OF_REDIS else
               ['/srv/stream'] if kind == 'stream' else
               ['/usr/sbin/nginx', '-c', '/srv/trouble.conf'])
    if config == 'native':
        return (wires.Native(net, ['sh', '-c', 'ulimit -n 20000; exec "$@"',
                                   'sh'] + command),
                ('near', '10.0.4.1'))
    run = [os.path.join(build, 'samara'), 'run', '--add', '/srv', '-m',
           MEMORY.get(kind, '256M'), '--net', 'tap:' + wires.TAP] + wires.ADDRESS
    return (wires.Server(wires.GUEST, run + common.CONFIGS[config] + command),
            (wires.TAP, '10.0.3.1'))


def ready(kind):
    def probe(context):
        if kind in OF_REDIS:
            stores.redis_ready(context)
            return
        if kind in ASKED:
            clients.connect(context, 7002, 2).close()
            return
        if kind == 'stream':
            streams.ready(context)
            return
        with Http(context, 80) as h:
            h.s.settimeout(2)
            check(h.get('/')[2] == PAGE, 'another page')

    return probe


def run_case(t, function):
    """'' or what was wrong."""
    try:
        t.serves(1)
        function(t)
        t.serves()
        return ''
    except (OSError, clients.Wrong, ValueError, IndexError) as e:
        return '%s: %s' % (type(e).__name__, e)


def run_cases(config, kind, build, net, cases):
    """All on one server; after one that has ended, the rest on another."""
    server, (interface, own) = start(config, kind, build, net)
    with server:
        server.await_answer(ready(kind), 120)
        t = Trouble(config, kind, server,
                    packets.Wire(interface, own, server.address))
        for number, function in enumerate(cases):
            began = time.monotonic()
            error = run_case(t, function)
            if server.p.poll() is not None:
                error = 'the server ended with status %d' % \
                    server.p.returncode
            print('# %.1f s' % (time.monotonic() - began))
            print('not ok %s: %s' % (function.__name__, error) if error else
                  'ok ' + function.__name__, flush=True)
            if server.p.poll() is not None:
                break
    rest = cases[number + 1:]
    if rest:
        run_cases(config, kind, build, net, rest)


def main():
    build, config = sys.argv[1:3]
    wanted = sys.argv[3:]
    subprocess.run(['mount', '-t', 'tmpfs', 'srv', '/srv'], check=True)
    make_files('/srv')
    net = wires.Wires()
    for kind, cases in CASES.items():
        cases = [c for c in cases if not wanted or c.__name__ in wanted]
        if cases:
            run_cases(config, kind, build, net, cases)
    return 0


if __name__ == '__main__':
    sys.exit(main())
