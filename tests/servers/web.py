# SPDX-License-Identifier: BSD-2-Clause
"""web.py - the clients of web servers. See clients.py for what they are."""
import gzip
import hashlib
import http.server
import os
import random
import socketserver
import subprocess
import threading

from clients import (Http, Wrong, at_once, check, connect, digest, exchange,
                     http_load, output)

LARGE = 1 << 30
BLOCK = 1 << 20


def pages(context, port=80):
    """What any server of /srv/www answers."""
    with Http(context, port) as h:
        for path in ('/', '/index.html', '/text.txt', '/random',
                     '/deep/page.html', '/no/such/page'):
            status, _, body = h.get(path)
            with_body = '' if '404' in status else digest(body)
            yield '%s: %s %s' % (path, status, with_body)


def ranges(context):
    with Http(context, 80) as h:
        for wanted in ('0-0', '100-199', '-1', '2999999-', '3000000-',
                       '5-2,7'):
            yield wanted + ' ' + h.tell('/random', Range='bytes=' + wanted)
        status, headers, _ = h.get('/')
        for name, value in (('If_None_Match', headers.get('etag', '')),
                            ('If_Modified_Since', headers['last-modified'])):
            again = h.get('/', **{name: value})[0]
            yield '%s: %s then %s' % (name, status, again)
        yield h.tell('/', 'HEAD')
        yield h.tell('/', 'POST', b'x=1')


def bad_requests(context, port=80):
    """What is no request must be refused, or the connection closed."""
    for request in (b'nonsense\r\n\r\n', b'GET /\r\n\r\n',
                    b'GET / HTTP/1.1\r\n\r\n', b'\0\1\2\3\r\n\r\n',
                    b'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
                    b'GET /' + b'x' * 40000 + b' HTTP/1.1\r\nHost: x\r\n\r\n'):
        with connect(context, port) as s:
            s.sendall(request)
            try:
                first = s.recv(100)
            except ConnectionResetError:
                first = b''
            yield '%r: %r' % (request[:20], first.split(b'\r\n')[0])


def pipelined(context, port=80):
    request = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    with Http(context, port) as h:
        h.s.sendall(request * 20)
        got = {digest(h.receive()[2]) for _ in range(20)}
        yield '20 at once: ' + ' '.join(got)
    with Http(context, port) as h:  # a byte at a time
        for byte in request:
            h.s.sendall(bytes([byte]))
        yield 'in small pieces: ' + digest(h.receive()[2])


def nginx(context):
    yield from pages(context)
    yield from ranges(context)
    yield from bad_requests(context)
    yield from pipelined(context)
    with Http(context, 80) as h:
        _, headers, body = h.get('/text.txt', Accept_Encoding='gzip')
        yield 'gzip: %s %s, in it %s' % (headers['content-encoding'],
                                         digest(body),
                                         digest(gzip.decompress(body)))
        yield h.tell('/echo?a=b', 'DELETE')
        for i in range(3):
            data = os.urandom(1 << (6 + 7 * i))
            status = h.get('/upload/deep/%d' % i, 'PUT', data)[0]
            check(h.get('/upload/deep/%d' % i)[2] == data, 'upload', i)
            yield 'PUT: ' + status
        yield h.tell('/listing/')
    yield from tls(context)
    yield from http_load(context, 80)


def tls(context):
    for _ in range(2):
        with Http(context, 443, tls=True) as h:
            yield '%s %s %s' % (h.s.version(), h.s.cipher()[0],
                                h.tell('/random'))
    yield 'curl, HTTP/2: ' + output(
        context, 'curl', '-sS', '--http2', '--cacert',
        context.place + '/tls/cert.pem', '--connect-to',
        'samara.test:443:%s:443' % context.address, '-o', '/dev/null', '-w',
        '%{http_version} %{response_code} %{size_download} '
        '%{ssl_verify_result}', 'https://samara.test/random')

    def one(_):
        with Http(context, 443, tls=True) as h:
            for _ in range(3):
                h.get('/')

    at_once(16, one)
    yield '16 at once by TLS'


def nginx_proxy(context):
    with Http(context, 80) as h:
        for path in ('/behind/', '/behind/random', '/behind/none'):
            yield h.tell(path)
    yield from http_load(context, 80, '/behind/', connections=16)


def make_large(context):
    """A gigabyte, each megabyte with its number in front."""
    block = random.Random(5).randbytes(BLOCK - 8)
    with open(context.place + '/www/large', 'wb') as f:
        for i in range(LARGE // BLOCK):
            f.write(b'%08d' % i + block)


def receive_large(context, path):
    """Its size and digest as it arrives."""
    got, size = hashlib.sha256(), 0
    with Http(context, 80) as h:
        h.send(path)
        headers = h.receive('HEAD')[1]
        check(headers['content-length'] == str(LARGE), headers)
        while size < LARGE:
            data = h.buf or h.s.recv(BLOCK)
            h.buf = b''
            check(data, path, 'ends after', size)
            got.update(data)
            size += len(data)
    return '%d bytes %s' % (size, got.hexdigest()[:16])


def nginx_large(context):
    """A gigabyte, straight and through a proxy to itself."""
    for path in ('/large', '/itself/large'):
        yield path + ': ' + receive_large(context, path)


def lighttpd(context):
    yield from pages(context)
    yield from ranges(context)
    yield from bad_requests(context)
    yield from pipelined(context)
    with Http(context, 80) as h:
        yield h.tell('/old/index.html')
        status, headers, body = h.get('/listing/')
        check(b'page.html' in body, 'no listing')
        yield '%s %s' % (status, headers['x-test'])
    yield from http_load(context, 80)


def apache2(context):
    yield from pages(context)
    yield from ranges(context)
    with Http(context, 80) as h:
        yield h.tell('/old/index.html')
        check(b'page.html' in h.get('/listing/')[2], 'no listing')
    with Http(context, 443, tls=True) as h:
        yield 'TLS: ' + h.tell('/random')
    yield 'HTTP/2: ' + subprocess.run(
        ['curl', '-sk', '--http2', '-o', '/dev/null', '-w',
         '%{http_version} %{http_code} %{size_download}',
         'https://%s/random' % context.address], capture_output=True,
        text=True, check=True).stdout
    yield from http_load(context, 80)


class Backend(http.server.BaseHTTPRequestHandler):
    """A server outside, for haproxy and for clients in guests."""
    protocol_version = 'HTTP/1.1'

    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('X-Backend', str(self.server.server_address[1]))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = self.path.split('?')[0].lstrip('/') or 'index.html'
        try:
            with open('/srv/www/' + name, 'rb') as f:
                self.answer(200, f.read())
        except OSError:
            self.answer(404, b'none\n')

    def do_POST(self):
        self.answer(200, self.rfile.read(
            int(self.headers['Content-Length'])))

    def log_message(self, *_):
        pass


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            data = self.request.recv(1 << 16)
            if not data:
                break
            self.request.sendall(data)


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    request_queue_size = 128


def outside(port, handler=Backend):
    """Start a server on this machine; it ends with the session."""
    server = Threads(('', port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def haproxy(context):
    servers = [outside(8081), outside(8082), outside(8083, Echo)]
    with Http(context, 80) as h:
        for path in ('/own', '/secret/x', '/text.txt', '/none'):
            status, headers, body = h.get(path)
            yield '%s: %s %s via %s' % (path, status, digest(body),
                                        headers.get('via'))
        used = {h.get('/')[1]['x-backend'] for _ in range(10)}
        yield 'both are used: %s' % sorted(used)
        check(b'Statistics Report' in h.get('/stats')[2], 'no statistics')
    yield from http_load(context, 80, connections=16)

    def echo(i):
        with connect(context, 7000) as s:
            data = bytes([i]) * 100000
            check(exchange(s, data, size=len(data)) == data, 'echo differs')

    # QEMU's user network lets one connection wait to be accepted. For others
    # Linux keeps cookies, and data that goes on before its beginning was taken
    # is answered by a reset.
    is_narrow = context.net == 'user' and context.config.startswith('qemu')
    together = 2 if is_narrow else 16
    for first in range(0, 16, together):
        at_once(together, lambda i, first=first: echo(first + i))
    yield '16 echoes'
    for server in servers:
        server.shutdown()
        server.server_close()
    with Http(context, 80) as h:
        yield 'none left: ' + h.get('/')[0]


def program(context):
    """The servers in some language: see tests/servers/files/server.*."""
    yield from pages(context, 8000)
    if context.name != 'python-http':
        with Http(context, 8000) as h:
            for size in (1, 1000, 300000):
                data = b'e' * size
                check(h.get('/echo', 'POST', data)[2] == data, 'echo', size)
        yield 'echoes'

        def slow(_):
            with Http(context, 8000) as h:
                check(h.get('/slow')[2] == b'slow\n', 'slow')

        at_once(16, slow)
        yield '16 slow ones at once'
    yield from http_load(context, 8000, connections=16,
                         requests=context.few(30, 3))
