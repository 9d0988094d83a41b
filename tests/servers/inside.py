# SPDX-License-Identifier: BSD-2-Clause
"""inside.py - clients in guests, against servers on the machine outside.

Each program runs natively and in a guest, as session.py does with servers;
its output, and what it wrote, must be the same.
"""
import subprocess
import time

import clients
import names
import table
import web


def run(context, *command, status=0):
    result = context.run(table.Program(command[0], *command))
    clients.check(result.status == status, command, 'status', result.status,
                  result.out[-200:], result.err[-500:])
    text = result.out.decode(errors='replace')
    return text.replace(context.host, 'HOST')


def curl(context):
    web.outside(8081)
    base = 'http://%s:8081' % context.host
    for words in ((base + '/',), (base + '/random', '-r', '0-99', '-w',
                                  '%{size_download}', '-o', '/dev/null'),
                  ('-d', 'posted text', base + '/echo'),
                  ('-I', base + '/none')):
        lines = run(context, '/usr/bin/curl', '-sS', *words).splitlines()
        yield '%s: %s' % (words[-1].replace(context.host, 'HOST'), [
            line for line in lines if not line.startswith('Date')])
    yield 'refused: ' + run(context, '/usr/bin/curl', '-sS',
                            'http://%s:9/' % context.host, status=7)


def wget(context):
    web.outside(8081)
    base = 'http://%s:8081' % context.host
    yield run(context, '/usr/bin/wget', '-q', '-O', '-', base + '/')
    yield clients.digest(run(context, '/usr/bin/wget', '-q', '-O', '-',
                             base + '/text.txt').encode())
    yield run(context, '/usr/bin/wget', '-q', '-O', '-', base + '/none',
              status=8)


def dig(context):
    server = subprocess.Popen(
        ['/usr/sbin/dnsmasq', '-d', '-C', '/srv/dnsmasq.conf', '-u', 'root'],
        stderr=subprocess.DEVNULL)
    try:
        while subprocess.run(['dig', '@127.0.0.1', '+tries=1', '+time=1',
                              'www.samara.test'],
                             stdout=subprocess.DEVNULL).returncode != 0:
            time.sleep(0.1)
        for name, kind in names.ASKED[:-1]:
            for how in ('+notcp', '+tcp'):
                yield run(context, '/usr/bin/dig', '@' + context.host,
                          '+short', how, name, kind)
    finally:
        server.terminate()
        server.wait()


def python(context):
    web.outside(8081)
    yield run(context, '/usr/bin/python3', '/srv/client.py', context.host)
