# SPDX-License-Identifier: BSD-2-Clause
"""client.py - what Python's own library does over the network: argument 1 is
the host outside.

urllib, TLS, kept connections, FTP and mail, many at once by threads and by
asyncio, servers that are silent or not there, and this machine itself.
"""
import asyncio
import errno
import ftplib
import hashlib
import http.client
import io
import smtplib
import socket
import ssl
import sys
import threading
import urllib.error
import urllib.request

HOST = sys.argv[1]
BASE = 'http://' + HOST
NAMED = 'https://samara.test'
TRUST = ssl.create_default_context(cafile='/srv/tls/cert.pem')
MANY = 200


def tell(*what):
    print(*what, flush=True)


def digest(data):
    return len(data), hashlib.sha256(data).hexdigest()[:16]


def get(url, data=None, method=None, context=None):
    request = urllib.request.Request(url, data, method=method)
    with urllib.request.urlopen(request, timeout=60, context=context) as a:
        return a.status, *digest(a.read())


def web():
    tell(get(BASE + '/'), get(BASE + '/random'), get(BASE + '/moved'))
    tell(get(BASE + '/upload/by-urllib', b'x' * 1000000, 'PUT'))
    tell(get(NAMED + '/', context=TRUST))
    for url in (BASE + '/none', BASE + '/loop', NAMED + '/'):
        try:
            get(url)
        except urllib.error.URLError as e:
            tell(url, e)


def kept():
    """One connection for all; one that the server ends is made again."""
    c = http.client.HTTPConnection(HOST, timeout=60)
    ends = set()
    for path in ('/', '/text.txt', '/none', '/echo?a'):
        c.request('GET', path)
        ends.add(c.sock.getsockname())
        answer = c.getresponse()
        tell(path, answer.status, digest(answer.read()))
    tell('connections:', len(ends))


def others():
    with ftplib.FTP() as f:
        f.connect(HOST, 2121, 60)
        f.login()
        got = io.BytesIO()
        f.retrbinary('RETR www/random', got.write)
        tell('ftp:', digest(got.getvalue()), sorted(f.nlst('www')))
        f.storbinary('STOR data/by-ftplib', io.BytesIO(b'y' * 100000))
    with smtplib.SMTP(HOST, 2525, timeout=60) as s:
        tell('smtp:', s.sendmail('a@samara.test', ['b@samara.test'],
                                 b'Subject: leaf\r\n\r\n' + b'maple\r\n' * 99))


def at_once():
    got = []
    threads = [threading.Thread(
        target=lambda: got.append(get(BASE + '/text.txt'))) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    tell(len(got), set(got))


async def one():
    reader, writer = await asyncio.open_connection(HOST, 80)
    writer.write(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await writer.drain()
    data = await reader.read()
    writer.close()
    return digest(data.split(b'\r\n\r\n')[1])


async def streams():
    got = await asyncio.gather(*[one() for _ in range(MANY)])
    tell(len(got), set(got))


def trouble():
    for address in ((HOST, 9), (HOST, 7), ('198.51.100.1', 80)):
        try:
            with socket.create_connection(address, 60) as s:
                s.settimeout(1)
                s.sendall(b'?')
                s.recv(1)
        except TimeoutError:
            tell(address[1], 'timed out')
        except OSError as e:
            tell(address[1], errno.errorcode[e.errno])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(60)
        s.connect((HOST, 9))
        s.send(b'?')
        try:
            s.recv(1)
        except ConnectionRefusedError:
            tell('refused by UDP')


def itself():
    for name in ('localhost', HOST, 'www.samara.test'):
        tell(name, sorted({a[4][0] for a in socket.getaddrinfo(
            name, 80, socket.AF_INET, socket.SOCK_STREAM)}))
    with socket.create_server(('127.0.0.1', 0)) as own:
        with socket.create_connection(own.getsockname()) as s:
            t, _ = own.accept()
            s.sendall(b'to itself')
            tell(t.recv(100))


web()
kept()
others()
at_once()
asyncio.run(streams())
trouble()
itself()
