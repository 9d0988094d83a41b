# SPDX-License-Identifier: BSD-2-Clause
"""files.py - what servers serve, made anew for each run of tools/run-servers:
the same bytes every time, but for the keys of the certificate."""
import os
import random
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE_SIZE = 612  # as nginx's own first page has


def page(size):
    text = '<!DOCTYPE html><title>samara</title><p>' + 'A maple\'s fruit. ' * 99
    return text[:size - 5].encode() + b'</p>\n'


def make_keys(place):
    """For ssh: a server's and a client's, who know each other."""
    for name in ('host', 'key'):
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C',
                        '', '-f', '%s/%s' % (place, name)], check=True)
    with open(place + '/host.pub', encoding='ascii') as f:
        known = '[192.0.2.1]:2222 ' + f.read()
    with open(place + '/known', 'w', encoding='ascii') as f:
        f.write(known)


def make(place):
    """Fill the directory `place`."""
    shutil.copytree(os.path.join(HERE, 'files'), place, dirs_exist_ok=True)
    os.chmod(place, 0o755)
    for name in ('www/deep', 'tls', 'data', 'run', 'out', 'part', 'ssh'):
        os.makedirs(os.path.join(place, name), exist_ok=True)
    source = random.Random(4)
    contents = {
        'www/index.html': page(PAGE_SIZE),
        'www/text.txt': b''.join(b'%d lines of text\n' % i
                                 for i in range(4000)),
        'www/random': source.randbytes(3_000_000),
        'www/empty': b'',
        'www/deep/page.html': page(200),
    }
    contents['part/random'] = contents['www/random'][:1_000_000]
    for name, data in contents.items():
        with open(os.path.join(place, name), 'wb') as f:
            f.write(data)
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
         'ec_paramgen_curve:prime256v1', '-nodes', '-keyout',
         place + '/tls/key.pem', '-out', place + '/tls/cert.pem', '-days',
         '2', '-subj', '/CN=samara.test', '-addext',
         'subjectAltName=DNS:samara.test'], check=True, capture_output=True)
    with open(place + '/dnsmasq.conf', 'a', encoding='ascii') as f:
        for digit in '12345678':  # more than a packet without fragments has
            f.write('txt-record=big.samara.test,%s\n' % (digit * 250))
    make_keys(place + '/ssh')
    for directory, _, names in os.walk(place):
        for name in names:
            os.utime(os.path.join(directory, name), (10 ** 9, 10 ** 9))
