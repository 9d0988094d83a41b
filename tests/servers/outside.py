# SPDX-License-Identifier: BSD-2-Clause
"""outside.py - the servers of this machine that clients in guests ask.

They are started in the session's namespaces, and end with them.
"""
import os
import random
import socket
import subprocess
import time

import clients

# name: (what awaits it, command). Each serves what is in /srv.
SERVERS = {
    'nginx': (80, '/usr/sbin/nginx -c /srv/nginx.conf'),
    'dnsmasq': (53, '/usr/sbin/dnsmasq -d -C /srv/dnsmasq.conf -u root'),
    'ftp': (2121, '/usr/bin/python3 -m pyftpdlib -p 2121 -w -d /srv'),
    'smtp': (2525, '/usr/bin/python3 -m aiosmtpd -n -l 0.0.0.0:2525'),
    'tinyproxy': (8888, '/usr/bin/tinyproxy -d -c /srv/tinyproxy.conf'),
    'microsocks': (1080, '/usr/bin/microsocks -p 1080'),
    'redis': (6379, '/usr/bin/redis-server /srv/redis.conf --appendonly no'),
    'mosquitto': (1883, '/usr/sbin/mosquitto -c /srv/mosquitto.conf'),
    'sshd': (2222, '/usr/sbin/sshd -D -e -f /srv/sshd_config'),
    'rsync': (8730, '/usr/bin/rsync --daemon --no-detach --port=8730 '
              '--config=/srv/rsyncd.conf'),
    'git': (9418, '/usr/bin/git daemon --export-all --base-path=/media'),
}
SILENT = 7
LARGE_SIZE = 50_000_000


def answers(port):
    try:
        socket.create_connection(('127.0.0.1', port), 5).close()
        return True
    except ConnectionRefusedError:
        return False


def make_repository(place):
    """One commit, the same every time."""
    date = '@1000000000 +0000'
    for words in (['init', '-q', place],
                  ['-C', place, '-c', 'user.name=samara', '-c',
                   'user.email=samara@samara.test', 'commit', '-q',
                   '--allow-empty', '--no-gpg-sign', '-m', 'first']):
        subprocess.run(['git'] + words, check=True, env=dict(
            os.environ, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date))


def start(names):
    """Start these, and what takes everything and answers nothing. What they
    alone need is in /media, which no guest is given."""
    subprocess.run(['mount', '-t', 'tmpfs', 'media', '/media'], check=True)
    with open('/media/large', 'wb') as f:
        f.write(random.Random(5).randbytes(LARGE_SIZE))
    make_repository('/media/repository')
    own = [socket.create_server(('', SILENT)),
           socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
    own[1].bind(('', SILENT))
    if 'sshd' in names:
        subprocess.run(['mount', '-t', 'tmpfs', 'run', '/run'], check=True)
        os.mkdir('/run/sshd')
    for name in names.split():
        port, command = SERVERS[name]
        log = open('/media/%s.log' % name, 'wb')
        p = subprocess.Popen(command.split(), stdin=subprocess.DEVNULL,
                             stdout=log, stderr=log, cwd='/srv')
        while not answers(port):
            clients.check(p.poll() is None, name, 'ended:',
                          open(log.name, encoding='utf-8').read()[-500:])
            time.sleep(0.02)
    return own


def uploaded(place='/srv/data'):
    """What clients left, as lines; it is taken away."""
    for name in sorted(os.listdir(place)):
        path = os.path.join(place, name)
        with open(path, 'rb') as f:
            yield 'uploaded %s: %s' % (name, clients.digest(f.read()))
        os.unlink(path)
