# SPDX-License-Identifier: BSD-2-Clause
"""inside.py - clients in guests, against servers on the machine outside.

Each program runs natively and in a guest, as session.py does with servers;
its output, its status and what it uploaded must be the same.
"""
import re
import shlex

import clients
import outside
import table

WORDS = {'HOST': '192.0.2.1', 'HOST6': '2001:db8::1',
         'TLS': '/srv/tls/cert.pem'}
WORD = re.compile(r'\b(HOST6?|TLS)\b')
# What differs from one run to the next, and what stands for it.
UNSTABLE = [
    (r'(?m)^Date: .*\n', ''),
    (r'(?m)^(DL% |\r).*\n', ''),            # curl's progress
    (r'\d+ (ms|milliseconds|msec)\b', 'N ms'),
    (r'(?m)^;; WHEN: .*\n', ''),
    (r'(, id: )\d+', r'\1N'),
    (r'10\.0\.2\.3', WORDS['HOST']),         # the user network's name server
    (r'\d{4}(.)\d\d\1\d\d \d\d:\d\d:\d\d', 'TIME'),
    (r'(wall clock time:|Downloaded: \d+ files).*', r'\1'),
    (r'socat\[\d+\]', 'socat'),
    (r'(?m)^[0-9A-F]+(:error:)', r'\1'),    # a thread, in openssl's words
]
# Of programs that measure only this is compared.
KEPT = {'ab': r'(?m)^(?:Complete|Failed|Document|Keep-Alive).*$', 'wrk': r'$'}
SHORT = 1000


def stable(text, program):
    for pattern, instead in UNSTABLE:
        text = re.sub(pattern, instead, text)
    if program in KEPT:
        text = '\n'.join(re.findall(KEPT[program], text))
    return text


def tell(data, program):
    text = stable(data.decode(errors='backslashreplace'), program)
    return text if len(text) < SHORT else clients.digest(text.encode())


def errand(context, line, options):
    """Run one line of errands.py: what came of it, as lines."""
    yield '$ ' + line
    status, *words = shlex.split(WORD.sub(lambda m: WORDS[m[0]], line))
    stdin = b''
    if '<' in words:
        with open(words.pop(), 'rb') as f:
            stdin = f.read()
        words.pop()
    program = '/usr/bin/' + words[0]
    result = context.run(table.Program(words[0], program, *words[1:],
                                       options=options), stdin)
    clients.check(result.status == int(status), line, 'status', result.status,
                  result.out[-200:], result.err[-500:])
    yield tell(result.out, words[0]) + tell(result.err, words[0])
    yield from outside.uploaded()


def errands(lines, servers, options=()):
    """The drive() of a Client: lines of errands.py, servers of outside.py."""
    def drive(context):
        own = outside.start(servers)
        for line in lines.strip().split('\n'):
            yield from errand(context, line, options)
        for s in own:
            s.close()
    return drive
