# SPDX-License-Identifier: BSD-2-Clause
"""sockets.py - AF_UNIX servers and clients of asyncio, socketserver, socket.

Names are in the abstract space or in a directory of our own, so that the host
can run this beside others.
"""
import asyncio
import os
import selectors
import shutil
import socket
import socketserver
import tempfile
import threading

PLACE = tempfile.mkdtemp()


def show(name, *values):
    """One line of output."""
    print('  %-22s' % name, *values)


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.strip()[::-1] + b'\n')
        await writer.drain()
    writer.close()


async def talk(path, number):
    reader, writer = await asyncio.open_unix_connection(path)
    good = 0
    for i in range(50):
        text = b'client %d line %d' % (number, i)
        writer.write(text + b'\n')
        await writer.drain()
        good += (await reader.readline()).strip() == text[::-1]
    writer.close()
    await writer.wait_closed()
    return good


async def many_clients():
    path = os.path.join(PLACE, 'echo')
    server = await asyncio.start_unix_server(echo, path)
    done = await asyncio.gather(*[talk(path, i) for i in range(40)])
    server.close()
    await server.wait_closed()
    show('lines echoed', sum(done), oct(os.stat(path).st_mode))


async def much_data():
    got = bytearray()

    async def sink(reader, writer):
        while data := await reader.read(65536):
            got.extend(data)
        writer.write(b'%d' % len(got))
        await writer.drain()
        writer.close()

    name = '\0sockets.py.%d' % os.getpid()
    server = await asyncio.start_unix_server(sink, name)
    reader, writer = await asyncio.open_unix_connection(name)
    data = bytes(i * 7 % 251 for i in range(1 << 20))
    writer.write(data)
    await writer.drain()
    writer.write_eof()
    show('bytes sunk', await reader.read(), bytes(got) == data)
    server.close()


class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


def threads():
    path = os.path.join(PLACE, 'upper')
    with socketserver.ThreadingUnixStreamServer(path, Upper) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for text in b'one\n', b'two\n':
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(text)
                show('upper case', s.recv(10))
        server.shutdown()
        thread.join()


def descriptors():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with open(os.path.join(PLACE, 'file'), 'w+b') as f:
        f.write(b'through a descriptor')
        f.flush()
        socket.send_fds(a, [b'take', b'this'], [f.fileno(), a.fileno()])
    data, fds, flags, _ = socket.recv_fds(b, 100, 4)
    show('passed', data, len(fds), flags, os.pread(fds[0], 100, 0))
    for fd in fds:
        os.close(fd)
    a.close()
    show('end', b.recv(10))
    b.settimeout(0.01)
    c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    c.settimeout(0.01)
    try:
        c.bind('')
        c.recv(1)
    except TimeoutError as error:
        show('time limit', error)
    with selectors.DefaultSelector() as s:
        s.register(b, selectors.EVENT_READ)
        show('ready', len(s.select(1)))


asyncio.run(many_clients())
asyncio.run(much_data())
threads()
descriptors()
shutil.rmtree(PLACE)
