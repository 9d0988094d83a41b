# SPDX-License-Identifier: BSD-2-Clause
"""clients.py - what the clients of tests/servers have in common: HTTP over a
plain socket, DNS through dig, other programs, and the check that all of many
connections are served.

A client function takes a session's Context and yields lines that must be the
same natively and from a guest. It raises Wrong, or OSError, when the server
does not do what any server must.
"""
import hashlib
import re
import socket
import ssl
import subprocess
import threading

TIMEOUT_S = 60


class Wrong(Exception):
    """What the server did that no server should."""


def check(fact, *what):
    if not fact:
        raise Wrong(' '.join(str(w) for w in what))


def digest(data):
    return '%d bytes %s' % (len(data), hashlib.sha256(data).hexdigest()[:16])


def connect(context, port, timeout=TIMEOUT_S):
    s = socket.create_connection((context.address, port), timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


class Http:
    """One connection: requests one after the other."""

    # What differs from one run to the next, or is a server's own affair.
    UNSTABLE = ('date', 'last-modified', 'etag', 'server', 'connection',
                'keep-alive', 'expires', 'x-forwarded-for')

    def __init__(self, context, port, tls=False):
        self.s = connect(context, port)
        if tls:
            trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trust.check_hostname = False
            trust.load_verify_locations(context.place + '/tls/cert.pem')
            trust.minimum_version = ssl.TLSVersion.TLSv1_3
            self.s = trust.wrap_socket(self.s)
        self.buf = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, path, method='GET', body=b'', **headers):
        lines = ['%s %s HTTP/1.1' % (method, path), 'Host: samara.test']
        lines += ['%s: %s' % (k.replace('_', '-'), v)
                  for k, v in headers.items()]
        if body:
            lines.append('Content-Length: %d' % len(body))
        self.s.sendall('\r\n'.join(lines).encode() + b'\r\n\r\n' + body)

    def _more(self):
        data = self.s.recv(1 << 18)
        check(data, 'the connection ends in the middle of an answer')
        self.buf += data

    def _take(self, size):
        while len(self.buf) < size:
            self._more()
        taken, self.buf = self.buf[:size], self.buf[size:]
        return taken

    def _line(self):
        while b'\r\n' not in self.buf:
            self._more()
        line, self.buf = self.buf.split(b'\r\n', 1)
        return line.decode('latin1')

    def _chunked(self):
        body = b''
        while True:
            size = int(self._line().split(';')[0], 16)
            body += self._take(size)
            check(self._line() == '', 'a chunk is not followed by a line end')
            if size == 0:
                return body

    def _to_end(self):
        while True:
            data = self.s.recv(1 << 18)
            if not data:
                body, self.buf = self.buf, b''
                return body
            self.buf += data

    def receive(self, method='GET'):
        """(status line, {header: value}, body)."""
        status, headers = self._line(), {}
        while True:
            line = self._line()
            if not line:
                break
            name, _, value = line.partition(':')
            headers[name.lower()] = value.strip()
        code = status.split()[1]
        if method == 'HEAD' or code in ('204', '304'):
            body = b''
        elif headers.get('transfer-encoding') == 'chunked':
            body = self._chunked()
        elif 'content-length' in headers:
            body = self._take(int(headers['content-length']))
        else:
            body = self._to_end()
        return status, headers, body

    def get(self, path, method='GET', body=b'', **headers):
        self.send(path, method, body, **headers)
        return self.receive(method)

    def tell(self, path, method='GET', body=b'', **headers):
        """The same as one line."""
        status, got, data = self.get(path, method, body, **headers)
        return '%s %s: %s %s %s' % (method, path, status, ' '.join(
            '%s=%s' % (k, got[k]) for k in sorted(got)
            if k not in self.UNSTABLE), digest(data))


def http_ready(port, path='/'):
    """A Server's `ready`: whether it answers at all."""
    def ready(context):
        with Http(context, port) as h:
            h.s.settimeout(5)
            return h.get(path)
    return ready


def at_once(count, work):
    """Run work(i) in as many threads; the first thing that went wrong."""
    wrong = []

    def one(i):
        try:
            work(i)
        except (OSError, Wrong, ValueError, IndexError) as e:
            wrong.append('%s: %s' % (type(e).__name__, e))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not wrong, len(wrong), 'of', count, 'fail, the first with', wrong[:1])


def http_load(context, port, path='/', connections=32, requests=None):
    """Keep-alive connections at once, and one after the other."""
    requests = requests or context.few(50, 5)
    with Http(context, port) as h:
        want = digest(h.get(path)[2])

    def keep_alive(_):
        with Http(context, port) as h:
            for _ in range(requests):
                got = digest(h.get(path)[2])
                check(got == want, got, 'instead of', want)

    at_once(connections, keep_alive)
    for _ in range(context.few(100, 10)):
        with Http(context, port) as h:
            got = digest(h.get(path, Connection='close')[2])
            check(got == want, got, 'instead of', want)
    yield 'connections at once and one by one all get ' + want


def output(context, *command, stdin=None, status=0):
    """What a program here prints."""
    done = subprocess.run(command, input=stdin, capture_output=True,
                          timeout=TIMEOUT_S * (5 if context.emulated else 1))
    check(status is None or done.returncode == status, command[0], 'status',
          done.returncode, done.stderr[-300:])
    return done.stdout.decode(errors='replace')


def dig(context, port, *question):
    """The answer's status, flags and sections, as one line."""
    text = output(context, 'dig', '@' + context.address, '-p', str(port),
                  '+noall', '+comments', '+answer', '+authority',
                  '+additional', '+tries=5', '+time=3', '+nocookie', *question)
    status = re.search(r'status: (\w+)', text)
    check(status, 'dig', question, text)
    flags = re.search(r'flags: ([\w ]*);', text).group(1)
    records = sorted(' '.join(line.split()) for line in text.splitlines()
                     if line and not line.startswith(';'))
    return '%s: %s [%s] %s' % (' '.join(question), status.group(1), flags,
                               '; '.join(records))


def dns_ready(port, name):
    def ready(context):
        return output(context, 'dig', '@' + context.address, '-p', str(port),
                      '+tries=1', '+time=1', name) or check(False, 'no answer')
    return ready


def exchange(s, request, until=None, size=None):
    """Send, then receive up to and with the bytes `until`, or so many."""
    s.sendall(request)
    data = b''
    while (until and not data.endswith(until)) or (size and len(data) < size):
        more = s.recv(1 << 16)
        check(more, 'ends after', data[-100:])
        data += more
    return data
