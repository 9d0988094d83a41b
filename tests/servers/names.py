# SPDX-License-Identifier: BSD-2-Clause
"""names.py - the clients of DNS servers. See clients.py for what they are."""
import socket
import struct

from clients import at_once, check, connect, dig, output

ASKED = [('www.samara.test', 'A'), ('www.samara.test', 'AAAA'),
         ('text.samara.test', 'TXT'), ('samara.test', 'MX'),
         ('none.samara.test', 'A'), ('www.samara.test', 'MX'),
         ('-x', '192.0.2.80')]


def query(name, kind=1, ident=1):
    """The bytes of a question."""
    labels = b''.join(bytes([len(x)]) + x.encode() for x in name.split('.'))
    return (struct.pack('!6H', ident, 0x100, 1, 0, 0, 0) + labels + b'\0' +
            struct.pack('!2H', kind, 1))


def many(context):
    """Questions at once by UDP, and one after the other by TCP."""
    def one(i):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(2)
        for ident in range(context.few(100, 10)):
            for _ in range(15):
                s.sendto(query('www.samara.test', 1, ident),
                         (context.address, 53))
                try:
                    data = s.recv(4096)
                except TimeoutError:
                    continue  # UDP may lose a packet
                if data[:2] == struct.pack('!H', ident):
                    break
            check(data[3] & 15 == 0 and data[7] == 1, 'answers', data)

    at_once(16, one)
    yield 'many at once by UDP'


def nonsense(context):
    """What is no question must not end the server."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    good = query('www.samara.test')
    for cut in range(len(good)):
        s.sendto(good[:cut], (context.address, 53))
    s.sendto(good[:12] + b'\xc0\x0c' * 20, (context.address, 53))
    s.sendto(b'\xff' * 1400, (context.address, 53))
    with connect(context, 53) as t:
        t.sendall(b'\xff\xff' + good)
    return dig(context, 53, 'www.samara.test', 'A', '+norecurse')


def tcp(context):
    """Two questions in one connection."""
    with connect(context, 53) as s:
        for ident in (1, 2):
            data = query('www.samara.test', 1, ident)
            s.sendall(struct.pack('!H', len(data)) + data)
        got = b''
        for _ in range(2):
            while len(got) < 2 or \
                    len(got) < 2 + struct.unpack('!H', got[:2])[0]:
                more = s.recv(4096)
                check(more, 'the connection ends')
                got += more
            size = struct.unpack('!H', got[:2])[0]
            check(got[5] & 15 == 0, 'answer', got)
            got = got[2 + size:]
    return 'two questions in one connection'


def common(context):
    yield from many(context)
    yield nonsense(context)
    yield tcp(context)


def resolver(context):
    for question in ASKED:
        yield dig(context, 53, *question)
        yield dig(context, 53, *question, '+tcp')
    yield from common(context)


def authority(context):
    for question in ASKED[:-1] + [
            ('alias.samara.test', 'A'), ('x.wild.samara.test', 'A'),
            ('sub.samara.test', 'NS'), ('a.sub.samara.test', 'A'),
            ('samara.test', 'SOA'), ('elsewhere.test', 'A')]:
        yield dig(context, 53, *question, '+norecurse')
        yield dig(context, 53, *question, '+norecurse', '+tcp')
    # Too long for a packet of 512 bytes: asked again by TCP.
    yield dig(context, 53, 'long.samara.test', 'TXT', '+noedns', '+norecurse')
    lines = output(context, 'dig', '@' + context.address, '+noall', '+answer',
                   '+norecurse', '+time=5', '+tries=1', 'long.samara.test',
                   'TXT', '+bufsize=4096')
    yield 'in one large packet: %d lines' % len(lines.splitlines())
    yield from common(context)
