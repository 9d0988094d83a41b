# SPDX-License-Identifier: BSD-2-Clause
"""client.py - what programs do over the network: argument 1 is the host.

Names, one request, many at once, an upload, a server that is not there.
"""
import hashlib
import socket
import sys
import threading
import urllib.error
import urllib.request

HOST = sys.argv[1]
BASE = 'http://%s:8081' % HOST


def get(path, data=None):
    with urllib.request.urlopen(BASE + path, data, timeout=60) as answer:
        body = answer.read()
        return answer.status, len(body), hashlib.sha256(body).hexdigest()[:16]


def main():
    print(get('/'), get('/random'))
    print(get('/echo', b'x' * 1000000))
    try:
        get('/none')
    except urllib.error.HTTPError as e:
        print('status', e.code)
    try:
        socket.create_connection((HOST, 9), 60)
    except ConnectionRefusedError:
        print('refused')
    got = []
    threads = [threading.Thread(target=lambda: got.append(get('/text.txt')))
               for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(len(got), set(got))
    for name in ('localhost', HOST):
        print(sorted({a[4][0] for a in socket.getaddrinfo(
            name, 80, socket.AF_INET, socket.SOCK_STREAM)}) ==
            sorted({'localhost': ['127.0.0.1']}.get(name, [HOST])))
    with socket.create_server(('127.0.0.1', 0)) as own:
        with socket.create_connection(own.getsockname()) as s:
            t, _ = own.accept()
            s.sendall(b'to itself')
            print(t.recv(100))


main()
