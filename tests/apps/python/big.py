# SPDX-License-Identifier: BSD-2-Clause
"""big.py - a program of every day, long and wide, for comparing two machines.

Usage: big.py DIRECTORY

It runs many small jobs over the standard library and over algorithms of its
own and prints what each finds. The output depends on nothing but this text:
no time, no address, no host. Files go below DIRECTORY, which it makes.
"""
import abc
import argparse
import array
import ast
import base64
import bisect
import bz2
import calendar
import collections
import configparser
import contextlib
import copy
import csv
import dataclasses
import datetime
import decimal
import difflib
import enum
import errno
import fnmatch
import fractions
import functools
import gc
import glob
import gzip
import hashlib
import heapq
import hmac
import html
import html.parser
import inspect
import io
import ipaddress
import itertools
import json
import keyword
import logging
import lzma
import math
import mmap
import operator
import os
import pickle
import queue
import random
import re
import secrets
import select
import shlex
import shutil
import signal
import sqlite3
import stat
import statistics
import string
import struct
import sys
import tarfile
import tempfile
import textwrap
import threading
import time
import tokenize
import traceback
import types
import unicodedata
import urllib.parse
import uuid
import weakref
import xml.etree.ElementTree
import zipfile
import zlib

JOBS = []


def job(function):
    """Register a job; they run in the order of the text."""
    JOBS.append(function)
    return function


def show(name, *values):
    """One line of output."""
    print('  %-22s' % name, *values)


def digest(data):
    """A short name for many bytes."""
    if isinstance(data, str):
        data = data.encode()
    return hashlib.sha256(data).hexdigest()[:16]


# ---------------------------------------------------------------------------
# Texts and numbers that several jobs work on.

POEM = """\
The maple lets its keys go down the wind,
each one a seed that carries half a wing;
they turn and turn, by nothing held or pinned,
and land where rain and accident may bring
a crack between two stones, a gutter's silt,
the furrow of a field that no one ploughs.
From such a start a hundred feet are built:
the trunk, the fork, the thousand smaller boughs.

What travels light arrives in more than one
of all the places where it might have grown;
what carries earth and water, shade and sun
along with it, will hardly leave its own.
So take one seed, one wing, and let it fall:
the ground it finds has room enough for all.
"""

PEOPLE = [
    ('Ada', 'Lovelace', 1815, 'mathematics'),
    ('Alan', 'Turing', 1912, 'computing'),
    ('Barbara', 'Liskov', 1939, 'languages'),
    ('Claude', 'Shannon', 1916, 'information'),
    ('Dennis', 'Ritchie', 1941, 'systems'),
    ('Donald', 'Knuth', 1938, 'algorithms'),
    ('Edsger', 'Dijkstra', 1930, 'algorithms'),
    ('Frances', 'Allen', 1932, 'compilers'),
    ('Grace', 'Hopper', 1906, 'compilers'),
    ('John', 'McCarthy', 1927, 'languages'),
    ('Ken', 'Thompson', 1943, 'systems'),
    ('Leslie', 'Lamport', 1941, 'distribution'),
    ('Margaret', 'Hamilton', 1936, 'systems'),
    ('Niklaus', 'Wirth', 1934, 'languages'),
    ('Radia', 'Perlman', 1951, 'networks'),
    ('Tony', 'Hoare', 1934, 'algorithms'),
]


def noise(count, seed=1):
    """Bytes that look random, of our own generator: the same everywhere."""
    state = seed or 1
    out = bytearray()
    while len(out) < count:
        state ^= (state << 13) & 0xffffffffffffffff
        state ^= state >> 7
        state ^= (state << 17) & 0xffffffffffffffff
        out += state.to_bytes(8, 'little')
    return bytes(out[:count])


# ---------------------------------------------------------------------------
# The language itself.


@job
def integers():
    show('powers', 2 ** 100, 3 ** -2, pow(7, 1000, 1000007))
    show('division', 7 // 2, -7 // 2, 7 % -3, divmod(-17, 5))
    show('bits', 0b1011 & 0b0110, 1 << 70, ~5, (255).bit_length())
    show('bases', hex(123456789), oct(511), bin(37), int('zz', 36))
    show('bytes', (1 << 40).to_bytes(8, 'big').hex(),
         int.from_bytes(b'\xff\xfe', 'little', signed=True))
    big = math.factorial(500)
    show('factorial', len(str(big)), digest(str(big)))
    a, b = 0, 1
    for _ in range(1000):
        a, b = b, a + b
    show('fibonacci', str(a)[:20], len(str(a)))
    show('roots', math.isqrt(10 ** 40), math.gcd(462, 1071),
         math.lcm(4, 6, 10), math.comb(50, 25))


@job
def floats():
    show('sums', 0.1 + 0.2, math.fsum([0.1] * 10), sum([0.1] * 10))
    show('specials', float('inf') - 1, float('nan') != float('nan'), -0.0)
    show('hex', (1.1).hex(), float.fromhex('0x1.8p+1'))
    show('rounding', round(2.5), round(3.5), round(-1.005, 2), math.floor(-.5))
    show('formats', '%.3e' % 12345.678, '%g' % 1e-7, '{:+.2f}'.format(3.14159),
         '{:>12,.1f}|'.format(1234567.89), f'{0.125:.0%}')
    show('functions', math.sqrt(2), math.log(10), math.atan2(1, -1))
    show('ratio', (0.75).as_integer_ratio(), math.frexp(10.0))
    show('complex', (1 + 2j) * (3 - 1j), abs(3 + 4j), (2 + 0j) ** 0.5)
    show('next', math.nextafter(1.0, 2.0), math.ulp(1.0))


@job
def strings():
    text = 'The quick brown fox jumps over the lazy dog'
    show('cases', text.upper()[:9], text.title()[:9], text.swapcase()[:9])
    show('find', text.find('fox'), text.rfind('o'), text.count('o'))
    show('split', text.split()[:3], text.partition(' brown ')[2][:3])
    show('strip', repr('  x\t'.strip()), 'xxabcxx'.strip('x'),
         'prefix-name'.removeprefix('prefix-'))
    show('join', '-'.join(sorted(set(text.lower()) - {' '})))
    show('replace', text.replace('quick', 'slow', 1)[:8], text[::-1][:8])
    show('align', '[' + 'mid'.center(9, '*') + ']', 'n'.zfill(5), '|'.ljust(3))
    show('translate', text.translate(str.maketrans('aeiou', '43105')))
    show('unicode', 'ß'.upper(), 'Ångström'.casefold(), len('naïve café'),
         'e\u0301' == 'é', unicodedata.normalize('NFC', 'e\u0301') == 'é')
    show('names', unicodedata.name('€'), unicodedata.category('Ⅷ'),
         unicodedata.numeric('½'))
    show('codecs', 'äöü€'.encode('utf-8').hex(), 'äö'.encode('latin-1').hex(),
         '€'.encode('utf-16-le').hex(), b'\xff'.decode('ascii', 'replace'))
    show('escapes', repr('tab\t nul\0 quote\' back\\'), ascii('ü'))
    show('template', string.Template('$who owes $$${sum}').substitute(
        who='Bob', sum=5))
    with contextlib.suppress(UnicodeEncodeError):
        'ü'.encode('ascii')
        show('unreachable')


@job
def sequences():
    numbers = list(range(20))
    show('slices', numbers[3:15:4], numbers[::-6], numbers[-3:])
    numbers[5:10] = ['five']
    del numbers[::5]
    show('edited', numbers)
    show('sorted', sorted('banana cherry apple'.split(), key=len),
         sorted([3, 1, 2], reverse=True))
    matrix = [[i * 3 + j for j in range(3)] for i in range(3)]
    show('transposed', [list(row) for row in zip(*matrix)])
    first, *middle, last = range(6)
    show('unpacked', first, middle, last)
    show('nested', [(x, y) for x in range(4) for y in range(x) if (x + y) % 2])
    show('sets', sorted({1, 2, 3} ^ {3, 4}), {1, 2} <= {1, 2, 3},
         sorted(frozenset('hello')))
    table = {word: len(word) for word in POEM.split()[:8]}
    table |= {'extra': 0}
    show('dict', table, list(reversed(table))[0])
    show('grouped', {k: len(list(g)) for k, g in itertools.groupby(
        sorted(POEM.lower().split(), key=len), key=len)})
    show('any', any(x > 5 for x in range(7)), all([]), sum(range(101)),
         max('pear', 'fig', key=len), min([4, 2, 8]))
    show('bytes', bytes(range(5)), bytearray(b'abc').replace(b'b', b'-'),
         b'a,b'.split(b','), memoryview(b'abcdef')[2:4].tobytes())


@job
def generators():
    def countdown(n):
        while n:
            sent = yield n
            n = n - 1 if sent is None else sent
        return 'lift off'

    def outer():
        result = yield from countdown(3)
        yield result

    show('yield from', list(outer()))
    g = countdown(10)
    show('send', next(g), next(g), g.send(3), next(g))
    g.close()

    def primes():
        found, n = [], 2
        while True:
            if all(n % p for p in itertools.takewhile(
                    lambda p: p * p <= n, found)):
                found.append(n)
                yield n
            n += 1

    show('primes', list(itertools.islice(primes(), 15)))
    show('chain', list(itertools.chain('ab', [1], (2, 3))))
    show('product', [''.join(p) for p in itertools.product('ab', repeat=2)])
    show('permutations', len(list(itertools.permutations(range(6)))),
         [''.join(c) for c in itertools.combinations('abcd', 3)])
    show('accumulate', list(itertools.accumulate([1, 2, 3, 4],
                                                 operator.mul)))
    show('pairwise', list(itertools.pairwise('abcd')))
    show('zip', list(itertools.zip_longest('ab', [1], fillvalue='-')))
    a, b = itertools.tee(range(3))
    show('tee', list(a), sum(b), list(itertools.compress('abcd', [1, 0, 1])))


@job
def functions():
    def signature(a, /, b, *args, c=3, **kwargs):
        return a, b, args, c, sorted(kwargs.items())

    show('call', signature(1, 2, 4, 5, c=6, z=7, y=8))
    show('inspect', str(inspect.signature(signature)))
    with contextlib.suppress(TypeError):
        signature(a=1, b=2)
        show('unreachable')

    def counter():
        n = 0

        def step():
            nonlocal n
            n += 1
            return n
        return step

    c = counter()
    show('closure', c(), c(), c())

    @functools.lru_cache(maxsize=None)
    def ackermann(m, n):
        if m == 0:
            return n + 1
        if n == 0:
            return ackermann(m - 1, 1)
        return ackermann(m - 1, ackermann(m, n - 1))

    sys.setrecursionlimit(5000)
    show('ackermann', ackermann(2, 60), ackermann.cache_info().hits > 0)
    show('partial', functools.partial(int, base=2)('1011'))
    show('reduce', functools.reduce(lambda x, y: x * 10 + y, [1, 2, 3]))
    show('sorted', sorted(PEOPLE, key=operator.itemgetter(2))[0][1],
         list(map(operator.attrgetter('real'), [1, 2j])))

    @functools.singledispatch
    def describe(x):
        return 'something'

    @describe.register
    def _(x: int):
        return 'integer %d' % x

    @describe.register
    def _(x: list):
        return 'list of ' + ', '.join(describe(y) for y in x)

    show('dispatch', describe([1, 'a', [2]]))

    def deep(n):
        return 0 if n == 0 else 1 + deep(n - 1)

    show('recursion', deep(3000))
    try:
        deep(100000)
    except RecursionError as e:
        show('too deep', type(e).__name__)


@job
def classes():
    class Shape(abc.ABC):
        registry = {}

        def __init_subclass__(cls, **kwargs):
            super().__init_subclass__(**kwargs)
            Shape.registry[cls.__name__] = cls

        @abc.abstractmethod
        def area(self):
            """How much it covers."""

        def __lt__(self, other):
            return self.area() < other.area()

        def __repr__(self):
            return '%s(%.2f)' % (type(self).__name__, self.area())

    class Circle(Shape):
        def __init__(self, r):
            self.r = r

        def area(self):
            return math.pi * self.r ** 2

    class Square(Shape):
        __slots__ = ('_side',)

        def __init__(self, side):
            self.side = side

        @property
        def side(self):
            return self._side

        @side.setter
        def side(self, value):
            if value <= 0:
                raise ValueError('a side is positive, not %r' % value)
            self._side = value

        def area(self):
            return self.side ** 2

    show('registry', sorted(Shape.registry))
    show('ordered', sorted([Circle(2), Square(3), Circle(1)]))
    for attempt in (Shape, lambda: Square(-1)):
        try:
            attempt()
        except (TypeError, ValueError) as e:
            show('refused', type(e).__name__, str(e)[:24])

    class Vector:
        def __init__(self, *xs):
            self.xs = tuple(xs)

        def __add__(self, other):
            return Vector(*map(operator.add, self.xs, other.xs))

        def __rmul__(self, k):
            return Vector(*(k * x for x in self.xs))

        def __matmul__(self, other):
            return sum(map(operator.mul, self.xs, other.xs))

        def __eq__(self, other):
            return self.xs == other.xs

        def __hash__(self):
            return hash(self.xs)

        def __getitem__(self, i):
            return self.xs[i]

        def __bool__(self):
            return any(self.xs)

        def __format__(self, spec):
            return '<' + ', '.join(format(x, spec) for x in self.xs) + '>'

    v = Vector(1, 2) + 3 * Vector(0.5, 1)
    show('vector', f'{v:.1f}', v @ Vector(2, 2), v == Vector(2.5, 5),
         bool(Vector(0, 0)), list(v))

    class Base:
        def who(self):
            return ['Base']

    class Left(Base):
        def who(self):
            return ['Left'] + super().who()

    class Right(Base):
        def who(self):
            return ['Right'] + super().who()

    class Both(Left, Right):
        def who(self):
            return ['Both'] + super().who()

    show('order', Both().who())

    class Meta(type):
        def __new__(mcs, name, bases, space):
            space['made_by'] = mcs.__name__
            return super().__new__(mcs, name, bases, space)

    show('meta', Meta('Made', (), {}).made_by, type(Meta).__name__)

    class Positive:
        def __set_name__(self, owner, name):
            self.name = '_' + name

        def __get__(self, obj, owner=None):
            return getattr(obj, self.name)

        def __set__(self, obj, value):
            setattr(obj, self.name, abs(value))

    class Account:
        balance = Positive()

    account = Account()
    account.balance = -5
    show('descriptor', account.balance)


@job
def data_classes_and_enums():
    @dataclasses.dataclass(order=True, frozen=True)
    class Version:
        major: int
        minor: int = 0
        tags: tuple = dataclasses.field(default=(), compare=False)

        @classmethod
        def parse(cls, text):
            number, _, tag = text.partition('-')
            return cls(*map(int, number.split('.')), tags=tuple(filter(
                None, [tag])))

    versions = [Version.parse(t) for t in ('1.10', '1.9-rc', '0.1', '2.0')]
    show('sorted', [dataclasses.astuple(v) for v in sorted(versions)])
    show('replace', dataclasses.replace(versions[0], minor=3))
    with contextlib.suppress(dataclasses.FrozenInstanceError):
        versions[0].major = 5
        show('unreachable')

    class Colour(enum.Enum):
        RED = 1
        GREEN = enum.auto()
        BLUE = enum.auto()

        @property
        def next(self):
            members = list(Colour)
            return members[(members.index(self) + 1) % len(members)]

    class Right(enum.IntFlag):
        READ = 4
        WRITE = 2
        RUN = 1

    show('enum', Colour['BLUE'].next, Colour(2).name, len(Colour))
    show('flags', int(Right.READ | Right.RUN), Right.WRITE in Right(6))

    def judge(value):
        match value:
            case 0 | None:
                return 'nothing'
            case int(n) if n > 100:
                return 'much'
            case [x, *rest]:
                return 'list from %s and %d more' % (x, len(rest))
            case {'kind': 'point', 'at': (x, y)}:
                return 'point %s,%s' % (x, y)
            case Version(major=1):
                return 'version one'
            case str() as s:
                return 'text ' + s
            case _:
                return 'else'

    show('match', [judge(v) for v in (
        0, 500, [1, 2, 3], {'kind': 'point', 'at': (3, 4)}, Version(1, 5), 'x',
        2.5)])
    Point = collections.namedtuple('Point', 'x y', defaults=[0])
    show('named tuple', Point(1), Point(2, 3)._asdict(), Point(1)._replace(y=9))


@job
def exceptions():
    class Failure(Exception):
        def __init__(self, code):
            super().__init__('failure %d' % code)
            self.code = code

    trail = []
    try:
        try:
            try:
                raise KeyError('inner')
            except KeyError as e:
                raise Failure(7) from e
            finally:
                trail.append('finally')
        except Failure as e:
            trail.append('%s caused by %r' % (e, e.__cause__))
            raise
        else:
            trail.append('never')
    except Failure as e:
        trail.append('code %d' % e.code)
    show('chained', trail)

    def many():
        raise ExceptionGroup('several', [
            ValueError('one'), TypeError('two'),
            ExceptionGroup('more', [ValueError('three')])])

    try:
        many()
    except* ValueError as group:
        show('group', len(group.exceptions), group.exceptions[0])
    except* TypeError as group:
        show('other', group.exceptions[0])

    @contextlib.contextmanager
    def managed(name, log):
        log.append('enter ' + name)
        try:
            yield name
        except ZeroDivisionError:
            log.append('swallowed in ' + name)
        finally:
            log.append('leave ' + name)

    log = []
    with contextlib.ExitStack() as stack:
        for name in 'ab':
            stack.enter_context(managed(name, log))
        stack.callback(log.append, 'callback')
        1 / 0
    show('contexts', log)
    for action in (lambda: int('x'), lambda: [][1], lambda: {}['k'],
                   lambda: None.attribute, lambda: 'a' + 1,
                   lambda: open('/no/such/file'), lambda: b'\xff'.decode(),
                   lambda: next(iter([])), lambda: unknown):  # noqa: F821
        try:
            action()
        except Exception as e:
            show(type(e).__name__, str(e)[:52])
    try:
        raise Failure(3)
    except Failure:
        lines = traceback.format_exc().splitlines()
        show('traceback', lines[0], lines[-1])


# ---------------------------------------------------------------------------
# Data formats.


@job
def json_documents():
    document = {
        'people': [dict(zip(('first', 'last', 'born', 'field'), p))
                   for p in PEOPLE],
        'numbers': [0, -1, 1.5, 1e100, 2 ** 53, 1e-5],
        'nested': {'a': [{'b': [[], {}, None, True, False]}]},
        'text': 'quote " back \\ slash / tab \t nul \0 ünïcödé \U0001f341',
    }
    text = json.dumps(document, indent=2, sort_keys=True)
    show('text', len(text), digest(text))
    show('round trip', json.loads(text) == document)
    compact = json.dumps(document, separators=(',', ':'), ensure_ascii=False)
    show('compact', len(compact), digest(compact))

    class Encoder(json.JSONEncoder):
        def default(self, o):
            if isinstance(o, (set, frozenset)):
                return sorted(o)
            if isinstance(o, complex):
                return {'re': o.real, 'im': o.imag}
            return super().default(o)

    show('encoder', json.dumps([{3, 1}, 2 + 1j], cls=Encoder))
    show('hooks', json.loads(
        '{"x": 1.10, "y": [2]}', parse_float=decimal.Decimal,
        object_pairs_hook=lambda pairs: pairs))
    for broken in ('', '{', '[1,]', '{"a" 1}', '"\n"', 'nul', '[1] x'):
        try:
            json.loads(broken)
        except json.JSONDecodeError as e:
            show('broken', repr(broken), e.msg, e.pos)
    deep = '[' * 500 + ']' * 500
    show('deep', len(json.dumps(json.loads(deep))))
    lines = '\n'.join(json.dumps({'i': i, 'sq': i * i}) for i in range(2000))
    show('lines', sum(json.loads(line)['sq'] for line in lines.split('\n')))


@job
def csv_tables():
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(['name', 'quote', 'number'])
    writer.writerows([
        ['plain', 'nothing', 1], ['comma', 'a, b', 2.5],
        ['quote', 'she said "hi"', -3], ['line', 'two\nlines', ''],
        ['ünï', '€', 1e10]])
    text = out.getvalue()
    show('written', len(text), repr(text.split('\n')[3]))
    rows = list(csv.DictReader(io.StringIO(text)))
    show('read', len(rows), rows[2]['quote'], repr(rows[3]['quote']))
    show('sniffed', csv.Sniffer().sniff('a;b;c\n1;2;3\n').delimiter)
    out = io.StringIO()
    writer = csv.DictWriter(out, ['last', 'born'], extrasaction='ignore',
                            delimiter='\t', lineterminator='\n')
    writer.writeheader()
    for first, last, born, _ in PEOPLE:
        writer.writerow({'first': first, 'last': last, 'born': born})
    show('tabs', digest(out.getvalue()))
    totals = collections.Counter()
    for row in csv.reader(io.StringIO('a,1\nb,2\na,3\n')):
        totals[row[0]] += int(row[1])
    show('totals', dict(totals))


@job
def ini_and_shell():
    parser = configparser.ConfigParser()
    parser.read_string(textwrap.dedent('''\
        [DEFAULT]
        base = /srv
        [web]
        root = %(base)s/www
        port: 8080
        debug = yes
        ; a remark
        [list]
        items =
            one
            two
        '''))
    show('sections', parser.sections(), parser['web']['root'],
         parser.getint('web', 'port'), parser.getboolean('web', 'debug'))
    show('lines', parser['list']['items'].split())
    out = io.StringIO()
    parser.write(out)
    show('written', digest(out.getvalue()))
    show('shell', shlex.split('run "two words" \'$x\' back\\ slash # remark',
                              comments=True))
    show('quote', shlex.join(['a b', "it's", '$HOME', 'plain']))
    arguments = argparse.ArgumentParser(prog='tool', exit_on_error=False)
    arguments.add_argument('-v', action='count', default=0)
    arguments.add_argument('--size', type=int, choices=[1, 2, 3])
    arguments.add_argument('files', nargs='+')
    show('arguments', vars(arguments.parse_args(
        ['-vv', '--size', '2', 'x', 'y'])))
    try:
        arguments.parse_args(['--size', '9', 'x'])
    except argparse.ArgumentError as e:
        show('wrong', str(e)[:40])
    show('usage', arguments.format_usage().strip())


@job
def xml_and_html():
    root = xml.etree.ElementTree.Element('people', {'count': str(len(PEOPLE))})
    for first, last, born, field in PEOPLE:
        person = xml.etree.ElementTree.SubElement(root, 'person', field=field)
        xml.etree.ElementTree.SubElement(person, 'name').text = (
            '%s & <%s>' % (first, last))
        xml.etree.ElementTree.SubElement(person, 'born').text = str(born)
    xml.etree.ElementTree.indent(root)
    text = xml.etree.ElementTree.tostring(root, encoding='unicode')
    show('written', len(text), digest(text))
    again = xml.etree.ElementTree.fromstring(text)
    show('found', [p.findtext('name') for p in again.findall(
        "person[@field='systems']")])
    show('sum', sum(int(e.text) for e in again.iter('born')))
    try:
        xml.etree.ElementTree.fromstring('<a><b></a>')
    except xml.etree.ElementTree.ParseError as e:
        show('broken', e)

    class Links(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.links, self.text, self.depth = [], [], 0

        def handle_starttag(self, tag, attrs):
            self.depth += tag not in ('br', 'img')
            if tag == 'a':
                self.links.append(dict(attrs).get('href'))

        def handle_endtag(self, tag):
            self.depth -= 1

        def handle_data(self, data):
            if data.strip():
                self.text.append(data.strip())

    links = Links()
    links.feed('<p>See <a href="/a?b=1&amp;c=2">this</a> and <br><a href=x>'
               'that</a> &lt;now&gt; &eacute;</p>')
    show('html', links.links, links.text, links.depth)
    show('escape', html.escape('<a href="x">&'), html.unescape('&euro;&#65;'))


@job
def urls_and_addresses():
    parts = urllib.parse.urlsplit(
        'https://user:pw@example.org:8443/a%20b/c;p?q=1&r=x+y&q=2#frag')
    show('split', parts.scheme, parts.hostname, parts.port, parts.path,
         parts.fragment)
    show('query', urllib.parse.parse_qs(parts.query))
    show('quote', urllib.parse.quote('a b/ü?'), urllib.parse.unquote('%C3%BC'))
    show('encode', urllib.parse.urlencode({'k': 'v w', 'l': [1, 2]}, True))
    for reference in ('../x', '/y', '?z', '//h/p', 'g;x=1/../y'):
        show('join', reference, urllib.parse.urljoin('http://a/b/c/d;p?q',
                                                     reference))
    network = ipaddress.ip_network('192.168.4.0/22')
    show('network', network.num_addresses, network.netmask,
         ipaddress.ip_address('192.168.7.255') in network,
         [str(n) for n in network.subnets(new_prefix=24)][:2])
    show('six', ipaddress.ip_address('2001:db8::1').exploded,
         ipaddress.IPv6Address('::ffff:1.2.3.4').ipv4_mapped,
         ipaddress.ip_address('fe80::1').is_link_local)
    show('uuid', uuid.uuid5(uuid.NAMESPACE_DNS, 'example.org'),
         uuid.UUID(int=5).hex)


@job
def binary_formats():
    packed = struct.pack('<BhIq4sd', 1, -2, 3, -4, b'five', 6.5)
    show('pack', packed.hex(), struct.calcsize('<BhIq4sd'))
    show('unpack', struct.unpack('<BhIq4sd', packed))
    show('network order', struct.pack('!HI', 258, 16909060).hex())
    numbers = array.array('d', [i / 4 for i in range(1000)])
    show('array', sum(numbers), numbers.itemsize, digest(numbers.tobytes()))
    show('base64', base64.b64encode(b'any carnal pleas'),
         base64.urlsafe_b64encode(b'\xfb\xff'), base64.b32encode(b'hello'),
         base64.b85encode(b'hello world'), base64.b16encode(b'\xab'))
    show('back', base64.b64decode('aGVsbG8='), base64.a85decode('87cURD]i,"'))
    original = {'list': [1, 2.5, None], 'set': {1}, 'bytes': b'x',
                'tuple': (1, (2,)), 'big': 1 << 100, 'when':
                datetime.date(2024, 2, 29)}
    original['self'] = original['list']
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(original, protocol))
        show('pickle %d' % protocol, again == original,
             again['self'] is again['list'])
    show('copy', copy.deepcopy(original)['list'] is not original['list'],
         copy.copy(original)['list'] is original['list'])
    magic = {b'\x7fELF': 'elf', b'PK\3\4': 'zip', b'\x1f\x8b': 'gzip'}
    show('magic', [name for m, name in magic.items()
                   if gzip.compress(b'').startswith(m)])


@job
def compression():
    samples = {'poem': POEM.encode() * 40, 'zeros': bytes(200000),
               'noise': noise(60000), 'empty': b'',
               'counted': b''.join(b'%d,' % i for i in range(20000))}
    for name, data in samples.items():
        sizes = [len(zlib.compress(data, level)) for level in (1, 6, 9)]
        show('zlib ' + name, len(data), sizes, zlib.crc32(data),
             zlib.adler32(data))
        for module in (zlib, gzip, bz2, lzma):
            if module.decompress(module.compress(data)) != data:
                show('round trip fails', module.__name__)
        show('others ' + name, len(bz2.compress(data)),
             len(lzma.compress(data)))
    packer = zlib.compressobj(wbits=-15)
    stream = b''.join(packer.compress(POEM[i:i + 50].encode())
                      for i in range(0, len(POEM), 50)) + packer.flush()
    show('stream', zlib.decompress(stream, wbits=-15).decode() == POEM)
    unpacker = zlib.decompressobj()
    part = unpacker.decompress(zlib.compress(samples['poem']), 100)
    show('limited', len(part), len(unpacker.unconsumed_tail) > 0)
    for broken in (b'', b'x\x9c', b'not compressed at all'):
        try:
            zlib.decompress(broken)
        except zlib.error as e:
            show('broken', e)
    try:
        gzip.decompress(gzip.compress(b'data')[:-3])
    except EOFError as e:
        show('cut off', e)


@job
def hashing():
    for name in ('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512',
                 'sha3_256', 'blake2b', 'blake2s'):
        h = hashlib.new(name)
        for line in POEM.splitlines(True):
            h.update(line.encode())
        show(name, h.digest_size, h.hexdigest()[:32])
    show('shake', hashlib.shake_128(b'abc').hexdigest(12))
    show('hmac', hmac.new(b'key', POEM.encode(), 'sha256').hexdigest()[:32])
    show('compare', hmac.compare_digest(b'same', b'same'))
    show('pbkdf2', hashlib.pbkdf2_hmac('sha256', b'pw', b'salt', 2000).hex())
    show('scrypt', hashlib.scrypt(b'pw', salt=b's', n=256, r=8, p=1,
                                  dklen=16).hex())
    big = hashlib.sha256()
    for i in range(200):
        big.update(noise(5000, i + 1))
    show('a megabyte', big.hexdigest()[:32])
    copies = hashlib.md5(b'a')
    other = copies.copy()
    other.update(b'b')
    show('copied', copies.hexdigest() == hashlib.md5(b'a').hexdigest(),
         other.hexdigest() == hashlib.md5(b'ab').hexdigest())
    show('secrets', len(secrets.token_bytes(9)), len(secrets.token_hex(4)))


# ---------------------------------------------------------------------------
# Numbers.


@job
def decimals():
    with decimal.localcontext() as context:
        context.prec = 60
        one = decimal.Decimal(1)
        show('third', one / 3)
        show('root', decimal.Decimal(2).sqrt())
        show('e', one.exp())
        show('log', decimal.Decimal(10).ln())
        # Machin's formula with our own arc tangent.

        def arctan_inverse(x):
            x = decimal.Decimal(x)
            power, total, n = 1 / x, 1 / x, 1
            while abs(power) > decimal.Decimal(10) ** -62:
                power /= -x * x
                n += 2
                total += power / n
            return total

        show('pi', +(4 * (4 * arctan_inverse(5) - arctan_inverse(239))))
    for mode in ('ROUND_HALF_EVEN', 'ROUND_HALF_UP', 'ROUND_DOWN',
                 'ROUND_CEILING', 'ROUND_FLOOR', 'ROUND_UP'):
        values = [decimal.Decimal(t).quantize(decimal.Decimal('1'),
                                              getattr(decimal, mode))
                  for t in ('2.5', '-2.5', '3.5', '0.1')]
        show(mode, *values)
    show('exact', decimal.Decimal('0.1') + decimal.Decimal('0.2'),
         decimal.Decimal(0.1))
    try:
        decimal.Decimal(1) / 0
    except decimal.DivisionByZero as e:
        show('division', type(e).__name__)
    interest = decimal.Decimal('1000.00')
    for _ in range(30):
        interest = (interest * decimal.Decimal('1.035')).quantize(
            decimal.Decimal('.01'))
    show('interest', interest, f'{interest:,}')
    show('parts', decimal.Decimal('-12.340').as_tuple(),
         decimal.Decimal('12E+3').normalize())


@job
def exact_fractions():
    half = fractions.Fraction(1, 2)
    show('sums', half + fractions.Fraction('1/3'), half ** -3)
    total = sum(fractions.Fraction(1, n) for n in range(1, 60))
    show('harmonic', total.denominator, float(total))
    show('best', fractions.Fraction(math.pi).limit_denominator(1000))

    def bernoulli(limit):
        row = []
        for m in range(limit + 1):
            row.append(fractions.Fraction(1, m + 1))
            for j in range(m, 0, -1):
                row[j - 1] = j * (row[j - 1] - row[j])
            yield row[0]

    show('bernoulli', [str(b) for i, b in enumerate(bernoulli(20))
                       if i % 2 == 0])
    value, terms = fractions.Fraction(415, 93), []
    while True:
        whole = value.numerator // value.denominator
        terms.append(whole)
        if value == whole:
            break
        value = 1 / (value - whole)
    show('continued', terms)


@job
def statistics_of_data():
    data = [int.from_bytes(noise(2, i + 1), 'little') % 1000
            for i in range(200)]
    show('mean', statistics.mean(data), statistics.median(data))
    show('spread', round(statistics.stdev(data), 6),
         round(statistics.pvariance(data), 6))
    show('quantiles', [round(q, 3) for q in statistics.quantiles(data, n=5)])
    show('mode', statistics.mode('abracadabra'),
         statistics.multimode([1, 1, 2, 2]))
    xs = list(range(50))
    ys = [3 * x + 7 + (x * 7919 % 11) for x in xs]
    slope, intercept = statistics.linear_regression(xs, ys)
    show('regression', round(slope, 6), round(intercept, 6))
    show('correlation', round(statistics.correlation(xs, ys), 9))
    normal = statistics.NormalDist(100, 15)
    show('normal', round(normal.cdf(130), 9), round(normal.inv_cdf(.9), 6))
    source = random.Random(42)
    show('random', source.random(), source.randrange(1000),
         source.sample(range(50), 5), source.choice('abcdef'))
    deck = list(range(12))
    source.shuffle(deck)
    show('shuffled', deck, round(source.gauss(0, 1), 12))
    state = source.getstate()
    first = [source.getrandbits(64) for _ in range(3)]
    source.setstate(state)
    show('repeated', first == [source.getrandbits(64) for _ in range(3)])


@job
def dates():
    day = datetime.date(2024, 2, 29)
    show('leap', day.isoformat(), day.strftime('%A %d %B %Y, %j'),
         calendar.isleap(2100))
    show('week', day.isocalendar(), day.weekday())
    show('between', (datetime.date(2000, 1, 1) - day).days)
    moment = datetime.datetime(2024, 3, 31, 1, 30,
                               tzinfo=datetime.timezone.utc)
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=45), 'NPT')
    show('zone', moment.astimezone(zone).isoformat(), zone.tzname(None))
    show('parsed', datetime.datetime.fromisoformat('2011-11-04T00:05:23+04:00')
         .timestamp())
    show('strptime', datetime.datetime.strptime('Jul 4 1976 14:05',
                                                '%b %d %Y %H:%M'))
    show('delta', datetime.timedelta(days=-1, seconds=5), datetime.timedelta(
        milliseconds=1234567) // datetime.timedelta(minutes=1))
    show('epoch', datetime.datetime.fromtimestamp(
        0, datetime.timezone.utc).isoformat())
    show('month', digest(calendar.month(2024, 2)), calendar.monthrange(2023, 2))
    friday = [d for d in (datetime.date(y, m, 13) for y in (2023, 2024, 2026)
                          for m in range(1, 13)) if d.weekday() == 4]
    show('fridays', len(friday), friday[0])
    for wrong in ('2023-02-29', '2023-13-01', 'nonsense'):
        try:
            datetime.date.fromisoformat(wrong)
        except ValueError as e:
            show('wrong', e)
    show('struct', time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(1e9)))


# ---------------------------------------------------------------------------
# Text.


@job
def regular_expressions():
    show('words', len(re.findall(r'\b\w+\b', POEM)),
         re.findall(r'\b(\w)\w*\1\b', POEM))
    show('named', re.match(r'(?P<year>\d{4})-(?P<month>\d\d)',
                           '2024-05-06').groupdict())
    show('substituted', re.sub(r'(\w+) (\w+)', r'\2 \1', 'one two three four'))
    show('function', re.sub(r'\d+', lambda m: str(int(m[0]) * 2), 'a1 b22 c'))
    show('split', re.split(r'\s*([,;])\s*', 'a , b;c'))
    show('lazy', re.findall(r'<(.+?)>', '<a><b c>'),
         re.search(r'a{2,3}', 'caaaat').span())
    show('around', re.findall(r'(?<=\$)\d+(?!\d*\.)', '$10 $20.5 30 $4'))
    show('flags', re.findall(r'''(?xim)
        ^ (the) \s   # an article
        (\w+)        # and what follows
        ''', POEM))
    show('unicode', re.findall(r'\w+', 'naïve Füße 日本 x_1'))
    show('groups', re.fullmatch(r'(?:(a)|(b)|(c))+', 'abc').groups())
    show('backtracking', re.match(r'(a+)+$', 'a' * 18 + 'b'))
    show('bytes', re.findall(rb'[\x80-\xff]+', b'ab\xc3\xa4c\xff'))
    for broken in ('(', 'a**', '[z-a]', r'(?P<n>.)(?P<n>.)', '*'):
        try:
            re.compile(broken)
        except re.error as e:
            show('broken', broken, e)
    scanner = re.Scanner([
        (r'\d+', lambda s, t: ('number', int(t))),
        (r'[a-z]+', lambda s, t: ('name', t)),
        (r'[-+*/()]', lambda s, t: ('sign', t)),
        (r'\s+', None)])
    show('scanner', scanner.scan('12 + ab*(3'))
    log = '\n'.join('10.0.0.%d - [%02d/Jan] "GET /p%d HTTP/1.1" %d %d' % (
        i % 7, i % 28 + 1, i % 13, 200 if i % 5 else 404, i * 37 % 5000)
        for i in range(3000))
    pattern = re.compile(r'^(\S+) - \[(\d+)/\w+\] "\w+ (\S+) \S+" (\d+) (\d+)$',
                         re.M)
    hits, volume = collections.Counter(), collections.Counter()
    for host, _, path, status, size in pattern.findall(log):
        hits[path, status] += 1
        volume[host] += int(size)
    show('log', hits.most_common(3), sorted(volume.items())[0])


@job
def text_tools():
    wrapped = textwrap.wrap(POEM.replace('\n', ' '), 40)
    show('wrapped', len(wrapped), wrapped[1])
    show('shortened', textwrap.shorten(POEM, 40))
    show('indented', repr(textwrap.indent('a\n\nb', '> ')))
    other = POEM.replace('maple', 'linden').replace('one seed', 'a seed')
    difference = list(difflib.unified_diff(
        POEM.splitlines(), other.splitlines(), 'old', 'new', lineterm='', n=0))
    show('diff', len(difference), difference[2:5])
    show('close', difflib.get_close_matches('algoritm', [
        p[3] for p in PEOPLE]), round(difflib.SequenceMatcher(
            None, 'kitten', 'sitting').ratio(), 4))
    show('names', fnmatch.filter(['a.py', 'b.pyc', 'c.py'], '*.py'),
         fnmatch.translate('[!x]?*'))
    counts = collections.Counter(re.findall('[a-z]+', POEM.lower()))
    show('common', sorted(counts.items(), key=lambda i: (-i[1], i[0]))[:6])
    caesar = str.maketrans(string.ascii_lowercase, string.ascii_lowercase[13:]
                           + string.ascii_lowercase[:13])
    show('caesar', POEM[4:21].translate(caesar))

    def soundex(name):
        codes = {c: str(i + 1) for i, group in enumerate(
            ('bfpv', 'cgjkqsxz', 'dt', 'l', 'mn', 'r')) for c in group}
        out, last = name[0].upper(), codes.get(name[0].lower())
        for c in name[1:].lower():
            code = codes.get(c)
            if code and code != last:
                out += code
            if c not in 'hw':
                last = code
        return (out + '000')[:4]

    show('soundex', [soundex(p[1]) for p in PEOPLE[:6]])

    def roman(n):
        out = ''
        for value, sign in ((1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'),
                            (100, 'C'), (90, 'XC'), (50, 'L'), (40, 'XL'),
                            (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'),
                            (1, 'I')):
            out += sign * (n // value)
            n %= value
        return out

    show('roman', [roman(p[2]) for p in PEOPLE[:3]])
    out = io.StringIO()
    print('a', 1, None, sep='|', end='!\n', file=out)
    show('printed', repr(out.getvalue()))


@job
def source_code():
    text = 'def f(x, *, y=2):\n    return x ** y + 1  # power\n'
    tree = ast.parse(text)
    show('nodes', [type(n).__name__ for n in ast.walk(tree)][:8])
    show('again', ast.unparse(tree).replace('\n', ' / '))

    class Fold(ast.NodeTransformer):
        def visit_BinOp(self, node):
            self.generic_visit(node)
            if isinstance(node.left, ast.Constant) and isinstance(
                    node.right, ast.Constant):
                code = compile(ast.unparse(node), '', 'eval')
                return ast.Constant(eval(code))
            return node

    folded = ast.fix_missing_locations(Fold().visit(
        ast.parse('a + (2 * 3 - 4) * b', mode='eval')))
    show('folded', ast.unparse(folded), eval(compile(folded, '', 'eval'),
                                             {'a': 1, 'b': 10}))
    show('literal', ast.literal_eval("{'a': [1, (2.5, None)], 'b': {3}}"))
    tokens = [t.string for t in tokenize.generate_tokens(io.StringIO(
        text).readline) if t.string.strip()]
    show('tokens', len(tokens), tokens[:7])
    space = {}
    exec(text, space)
    show('run', space['f'](3), space['f'].__code__.co_varnames)
    module = types.ModuleType('made')
    exec('value = 5\ndef double(): return value * 2', module.__dict__)
    show('module', module.double(), keyword.iskeyword('lambda'))
    for wrong in ('1 +', 'def f(:', 'x = = 1', '  indented', '"open'):
        try:
            compile(wrong, 'text', 'exec')
        except SyntaxError as e:
            show('wrong', type(e).__name__, e.msg)


# ---------------------------------------------------------------------------
# Files and the system.


def make_tree(place):
    """A few directories and files with contents that are known."""
    for i in range(5):
        folder = os.path.join(place, 'd%d' % i, 'sub' if i % 2 else 'other')
        os.makedirs(folder)
        for j in range(i + 1):
            with open(os.path.join(folder, 'f%d.txt' % j), 'w',
                      encoding='utf-8') as f:
                f.write(POEM[:j * 100 + i])
    os.symlink('d1', os.path.join(place, 'link'))
    with open(os.path.join(place, 'data.bin'), 'wb') as f:
        f.write(noise(10000))


@job
def walking(place):
    make_tree(place)
    total, names = 0, []
    for folder, folders, files in os.walk(place):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            total += os.path.getsize(path)
            names.append(os.path.relpath(path, place))
    show('walked', len(names), total, names[3])
    show('bottom up', [os.path.relpath(d, place) for d, _, _ in sorted(
        os.walk(place, topdown=False))][:3])
    show('glob', sorted(os.path.relpath(p, place) for p in glob.glob(
        place + '/**/f3.txt', recursive=True)))
    with os.scandir(place) as entries:
        show('scanned', sorted((e.name, e.is_dir(), e.is_symlink())
                               for e in entries)[-2:])
    show('real', os.path.relpath(os.path.realpath(place + '/link/sub'),
                                 os.path.realpath(place)))
    show('paths', os.path.splitext('a/b.tar.gz'), os.path.normpath('a//./b/..'),
         os.path.commonpath(['/a/b', '/a/c']), os.path.basename('/x/'))
    status = os.stat(os.path.join(place, 'data.bin'))
    show('status', status.st_size, stat.filemode(status.st_mode)[0],
         status.st_nlink)
    shutil.copytree(place, place + '.copy', symlinks=True)
    show('copied', sum(len(f) for _, _, f in os.walk(place + '.copy')))
    shutil.rmtree(place + '.copy')
    show('removed', os.path.exists(place + '.copy'))
    before = os.getcwd()
    os.chdir(os.path.join(place, 'd1'))
    show('there', os.path.exists('sub/f0.txt'), os.path.basename(os.getcwd()))
    os.chdir(before)


@job
def files(place):
    path = os.path.join(place, 'text')
    with open(path, 'w', encoding='utf-8', newline='\r\n') as f:
        show('written', f.write(POEM))
    with open(path, 'rb') as f:
        show('carriage returns', f.read().count(b'\r\n'))
    with open(path, encoding='utf-8') as f:
        show('read', f.read() == POEM)
    with open(path, 'r+b') as f:
        f.seek(-10, os.SEEK_END)
        f.truncate()
        f.seek(4)
        f.write(b'MAPLE')
        f.seek(0)
        show('patched', f.read(9), f.tell(), os.path.getsize(path))
    with open(path, 'a+', encoding='utf-8') as f:
        f.write('end')
        f.seek(0)
        show('appended', f.read()[-5:].split())
    with open(path, 'wb') as f:
        f.seek(1 << 20)
        f.write(b'x')
    with open(path, 'rb') as f:
        show('sparse', len(f.read()))
    os.chmod(path, 0o640)
    os.utime(path, (1000, 2000))
    status = os.stat(path)
    show('times', status.st_atime, status.st_mtime, oct(status.st_mode))
    os.rename(path, path + '2')
    os.link(path + '2', path)
    show('links', os.stat(path).st_nlink, os.path.samefile(path, path + '2'))
    os.unlink(path + '2')
    os.replace(path, path + '3')
    for attempt in (lambda: open(path), lambda: os.mkdir(place),
                    lambda: os.rmdir(place), lambda: os.listdir(path + '3'),
                    lambda: open(place), lambda: os.readlink(path + '3')):
        try:
            attempt()
        except OSError as e:
            show('error', errno.errorcode[e.errno], type(e).__name__)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        with tempfile.NamedTemporaryFile(dir=folder) as f:
            f.write(b'temporary')
            f.flush()
            show('temporary', os.path.getsize(f.name))
        show('gone', os.listdir(folder))
    with tempfile.SpooledTemporaryFile(100, dir=place) as f:
        f.write(noise(1000))
        f.seek(990)
        show('spooled', f.read().hex())
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, b'0123456789')
    show('descriptor', os.pread(fd, 3, 4), os.lseek(fd, 2, os.SEEK_SET),
         os.read(fd, 2), os.fstat(fd).st_size)
    copy_fd = os.dup(fd)
    os.close(fd)
    os.ftruncate(copy_fd, 5)
    show('duplicate', os.pread(copy_fd, 100, 0))
    os.close(copy_fd)


@job
def mapped_memory(place):
    path = os.path.join(place, 'mapped')
    with open(path, 'wb') as f:
        f.write(b'.' * 20000)
    with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
        m[4090:4100] = b'0123456789'
        show('found', m.find(b'56'), len(m), m[4095:4097])
        m.flush()
        m.seek(10)
        m.write(b'written')
        m.resize(30000)
        show('grown', len(m), m[29999])
    with open(path, 'rb') as f:
        data = f.read()
    show('in the file', data[10:17], data[4090:4100], len(data))
    with open(path, 'rb') as f, mmap.mmap(f.fileno(), 0,
                                          prot=mmap.PROT_READ) as m:
        try:
            m[0] = 1
        except TypeError as e:
            show('read only', e)
        show('lines', m.readline()[:5])
    with mmap.mmap(-1, 1 << 16) as m:
        m.write(noise(1 << 16))
        m.move(0, 1000, 2000)
        show('anonymous', digest(m[:]))


@job
def archives(place):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w:gz') as t:
        for i in range(10):
            info = tarfile.TarInfo('dir/file%d' % i)
            data = POEM[:i * 60].encode()
            info.size = len(data)
            info.mtime = i
            t.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo('link')
        link.type, link.linkname = tarfile.SYMTYPE, 'dir/file3'
        t.addfile(link)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as t:
        t.extractall(place)
        show('tar', len(t.getnames()), t.getmember('dir/file9').size)
    with open(place + '/link', encoding='utf-8') as f:
        show('extracted', len(f.read()), os.readlink(place + '/link'))
    path = os.path.join(place, 'a.zip')
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
        for i in range(20):
            z.writestr(zipfile.ZipInfo('z%02d' % i), POEM * i)
        with z.open('streamed', 'w') as f:
            for _ in range(100):
                f.write(b'0123456789' * 10)
    with zipfile.ZipFile(path) as z:
        show('zip', len(z.namelist()), z.testzip(), z.getinfo('z05').CRC,
             len(z.read('streamed')))
    with open(path, 'r+b') as f:
        f.seek(60)
        f.write(b'\xff' * 20)
    try:
        with zipfile.ZipFile(path) as z:
            show('damaged', z.testzip())
    except (zipfile.BadZipFile, zlib.error) as e:
        show('damaged', type(e).__name__)
    with gzip.open(place + '/g.gz', 'wt', encoding='utf-8') as f:
        f.writelines('%d\n' % i for i in range(10000))
    with gzip.open(place + '/g.gz', 'rt', encoding='utf-8') as f:
        show('gzip', sum(map(int, f)))


@job
def databases(place):
    connection = sqlite3.connect(os.path.join(place, 'people.db'))
    connection.execute('pragma journal_mode = wal').fetchone()
    with connection:
        connection.execute('create table person (id integer primary key, '
                           'first text, last text unique, born int, field)')
        connection.executemany('insert into person (first, last, born, field)'
                               ' values (?, ?, ?, ?)', PEOPLE)
    show('grouped', connection.execute(
        'select field, count(*), min(born) from person group by field '
        'order by 2 desc, 1').fetchall()[:3])
    show('window', connection.execute(
        'select last, rank() over (partition by field order by born) from '
        'person order by field, born limit 4').fetchall())
    try:
        with connection:
            connection.execute("delete from person where born < 1930")
            connection.execute("insert into person (last) values ('Knuth')")
    except sqlite3.IntegrityError as e:
        show('rolled back', e, connection.execute(
            'select count(*) from person').fetchone())
    connection.create_function('reverse', 1, lambda s: s[::-1])

    class Longest:
        def __init__(self):
            self.best = ''

        def step(self, text):
            self.best = max(self.best, text, key=len)

        def finalize(self):
            return self.best

    connection.create_aggregate('longest', 1, Longest)
    connection.create_collation('byend', lambda a, b: (
        a[::-1] > b[::-1]) - (a[::-1] < b[::-1]))
    show('functions', connection.execute(
        'select reverse(longest(last)) from person').fetchone(),
        connection.execute('select last from person order by last collate '
                           'byend limit 2').fetchall())
    connection.row_factory = sqlite3.Row
    row = connection.execute('select * from person where id = 3').fetchone()
    show('row', row['last'], row.keys())
    with connection:
        connection.execute('create table n (i integer primary key, sq, t)')
        connection.executemany('insert into n values (?, ?, ?)', (
            (i, i * i, 'text %d' % (i * 7919 % 10007)) for i in range(20000)))
        connection.execute('create index n_t on n (t)')
    show('many', tuple(connection.execute(
        'select count(*), sum(sq), max(t) from n').fetchone()))
    show('plan', connection.execute(
        "explain query plan select * from n where t = 'text 5'")
        .fetchone()['detail'])
    show('recursive', tuple(connection.execute(
        'with recursive f(a, b) as (select 0, 1 union all select b, a + b '
        'from f where b < 5000) select max(a), count(*) from f').fetchone()))
    show('json', connection.execute(
        """select json_extract('{"a": [1, {"b": 2}]}', '$.a[1].b')""")
        .fetchone()[0])
    show('blob', connection.execute('select length(?), hex(?)', (
        noise(1000), b'\0\xff')).fetchone()[1])
    show('check', connection.execute('pragma integrity_check').fetchone()[0])
    other = sqlite3.connect(':memory:')
    connection.backup(other)
    show('backup', other.execute('select count(*) from n').fetchone())
    show('dump', digest('\n'.join(list(other.iterdump())[:30])))
    other.close()
    connection.close()
    for query in ('select * from missing', 'selec 1', 'select 1; select 2'):
        try:
            sqlite3.connect(':memory:').execute(query)
        except (sqlite3.Error, sqlite3.Warning) as e:
            show('error', e)


@job
def signals_and_pipes():
    seen = []
    signal.signal(signal.SIGUSR1, lambda s, frame: seen.append(s))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    show('seen', [signal.Signals(s).name for s in seen])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    os.kill(os.getpid(), signal.SIGUSR1)
    show('blocked', len(seen), signal.SIGUSR1 in signal.sigpending())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    show('unblocked', len(seen))

    class TimeIsUp(Exception):
        pass

    def ring(signum, frame):
        raise TimeIsUp

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        time.sleep(30)
    except TimeIsUp:
        show('interrupted', True)
    r, w = os.pipe()
    show('empty', select.select([r], [w], [], 0)[0])
    os.write(w, b'through the pipe')
    show('ready', select.select([r], [], [], 1)[0] == [r], os.read(r, 7))
    poller = select.epoll()
    poller.register(r, select.EPOLLIN)
    show('epoll', [e for _, e in poller.poll(1)])
    os.close(w)
    show('rest', os.read(r, 100), os.read(r, 100))
    show('hung up', bool(poller.poll(1)[0][1] & select.EPOLLHUP))
    poller.close()
    os.close(r)
    show('environment', os.environ.get('LC_ALL'), 'HOME' in os.environ)
    os.environ['SET_HERE'] = 'x'
    show('set', os.getenv('SET_HERE'), os.cpu_count() > 0)


# ---------------------------------------------------------------------------
# Things at the same time.


@job
def threads():
    lock, total = threading.Lock(), [0]
    barrier = threading.Barrier(4)

    def work(n):
        barrier.wait()
        for i in range(2000):
            with lock:
                total[0] += n * i

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    show('locked', total[0])
    jobs, results = queue.Queue(5), queue.PriorityQueue()

    def consume():
        while (item := jobs.get()) is not None:
            results.put((item % 10, item, zlib.crc32(b'%d' % item)))
            jobs.task_done()

    consumers = [threading.Thread(target=consume) for _ in range(3)]
    for c in consumers:
        c.start()
    for i in range(100):
        jobs.put(i)
    jobs.join()
    for _ in consumers:
        jobs.put(None)
    for c in consumers:
        c.join()
    show('queued', results.qsize(), results.get(), results.get())
    event, local = threading.Event(), threading.local()
    local.value = 'main'
    others = []

    def waiter():
        local.value = 'other'
        others.append((event.wait(10), local.value))

    thread = threading.Thread(target=waiter)
    thread.start()
    event.set()
    thread.join()
    show('local', local.value, others)
    condition, shared = threading.Condition(), []

    def feed():
        for i in range(50):
            with condition:
                shared.append(i)
                condition.notify()

    feeder = threading.Thread(target=feed)
    eaten = 0
    with condition:
        feeder.start()
        while eaten < 50:
            condition.wait_for(lambda: shared, 10)
            eaten += len(shared)
            shared.clear()
    feeder.join()
    show('conditions', eaten)
    timer_ran = threading.Event()
    timer = threading.Timer(0.01, timer_ran.set)
    timer.start()
    show('timer', timer_ran.wait(10))
    timer.join()
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        show('pool', sum(pool.map(lambda n: n ** 3, range(100))))
        future = pool.submit(lambda: 1 // 0)
        show('failure', type(future.exception()).__name__)


@job
def memory():
    class Node:
        def __init__(self):
            self.other = None

    a, b = Node(), Node()
    a.other, b.other = b, a
    watch = weakref.ref(a)
    gc.collect()
    gc.disable()
    del a, b
    show('cycle alive', watch() is not None)
    gc.enable()
    gc.collect()
    show('cycle gone', watch() is None)
    ends = []
    obj = Node()
    weakref.finalize(obj, ends.append, 'finalized')
    cache = weakref.WeakValueDictionary(kept=obj)
    show('cached', 'kept' in cache)
    del obj
    show('after', ends, 'kept' in cache)
    big = [bytearray(100000) for _ in range(200)]
    big[::2] = [None] * 100
    show('allocated', sum(len(x) for x in big if x))
    text = ''.join(chr(33 + i % 90) for i in range(300000))
    show('long text', len(text), digest(text))
    table = {i: str(i) for i in range(100000)}
    for i in range(0, 100000, 3):
        del table[i]
    show('dictionary', len(table), sum(table))
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter('%(levelname)s:%(name)s:'
                                           '%(message)s'))
    log = logging.getLogger('big')
    log.addHandler(handler)
    log.propagate = False
    log.warning('number %d', 5)
    log.debug('not shown')
    show('log', out.getvalue().strip())


# ---------------------------------------------------------------------------
# Algorithms of our own.


@job
def sorting():
    data = list(struct.unpack('<2000H', noise(4000, 99)))
    expected = sorted(data)

    def merge_sort(x):
        if len(x) < 2:
            return x
        middle = len(x) // 2
        return list(heapq.merge(merge_sort(x[:middle]),
                                merge_sort(x[middle:])))

    def quick_sort(x):
        if len(x) < 2:
            return x
        pivot = x[len(x) // 2]
        return (quick_sort([v for v in x if v < pivot]) +
                [v for v in x if v == pivot] +
                quick_sort([v for v in x if v > pivot]))

    def heap_sort(x):
        heap = list(x)
        heapq.heapify(heap)
        return [heapq.heappop(heap) for _ in range(len(heap))]

    def shell_sort(x):
        x, gap = list(x), len(x) // 2
        while gap:
            for i in range(gap, len(x)):
                value, j = x[i], i
                while j >= gap and x[j - gap] > value:
                    x[j] = x[j - gap]
                    j -= gap
                x[j] = value
            gap //= 2
        return x

    def radix_sort(x):
        for shift in (0, 8):
            buckets = [[] for _ in range(256)]
            for value in x:
                buckets[value >> shift & 255].append(value)
            x = list(itertools.chain.from_iterable(buckets))
        return x

    for sorter in (merge_sort, quick_sort, heap_sort, shell_sort, radix_sort):
        show(sorter.__name__, sorter(data) == expected)
    show('bisect', bisect.bisect_left(expected, 30000),
         heapq.nlargest(3, data), heapq.nsmallest(2, data))


@job
def graphs():
    edges = collections.defaultdict(dict)
    for i in range(60):
        for k in (1, 7, 11):
            edges[i][(i * k + k) % 60] = (i * 37 + k * 11) % 23 + 1

    def dijkstra(start):
        best, heap = {start: 0}, [(0, start)]
        while heap:
            far, node = heapq.heappop(heap)
            if far > best[node]:
                continue
            for other, cost in edges[node].items():
                if far + cost < best.get(other, math.inf):
                    best[other] = far + cost
                    heapq.heappush(heap, (far + cost, other))
        return best

    far = dijkstra(0)
    show('dijkstra', len(far), max(far.values()), far[59])
    needs = {'shoes': {'socks', 'trousers'}, 'trousers': {'pants'},
             'jacket': {'shirt', 'tie'}, 'tie': {'shirt'}, 'belt':
             {'trousers'}}

    def order(needs):
        done, result = set(), []

        def visit(node, path):
            if node in path:
                raise ValueError('a cycle at ' + node)
            if node not in done:
                for other in sorted(needs.get(node, ())):
                    visit(other, path | {node})
                done.add(node)
                result.append(node)

        for node in sorted(needs):
            visit(node, frozenset())
        return result

    show('order', order(needs))
    try:
        order({'a': {'b'}, 'b': {'a'}})
    except ValueError as e:
        show('cycle', e)
    parent = list(range(60))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    weight = 0
    for cost, a, b in sorted((c, a, b) for a in edges
                             for b, c in edges[a].items()):
        if find(a) != find(b):
            parent[find(a)] = find(b)
            weight += cost
    show('spanning tree', weight, len({find(x) for x in range(60)}))
    rows = 21
    maze = [[(x * 7 + y * 13 + x * y) % 5 == 0 and (x, y) not in (
        (0, 0), (rows - 1, rows - 1)) for x in range(rows)]
        for y in range(rows)]
    queue_, steps = collections.deque([(0, 0)]), {(0, 0): 0}
    while queue_:
        x, y = queue_.popleft()
        for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
            p = x + dx, y + dy
            if (0 <= p[0] < rows and 0 <= p[1] < rows and p not in steps and
                    not maze[p[1]][p[0]]):
                steps[p] = steps[x, y] + 1
                queue_.append(p)
    show('maze', len(steps), steps.get((rows - 1, rows - 1)))


@job
def puzzles():
    def queens(n, row=0, columns=0, left=0, right=0):
        if row == n:
            return 1
        count, free = 0, ~(columns | left | right) & ((1 << n) - 1)
        while free:
            bit = free & -free
            free ^= bit
            count += queens(n, row + 1, columns | bit, (left | bit) << 1,
                            (right | bit) >> 1)
        return count

    show('queens', [queens(n) for n in range(1, 9)])
    grid = [[int(c) for c in line] for line in (
        '530070000 600195000 098000060 800060003 400803001 700020006 '
        '060000280 000419005 000080079').split()]

    def allowed(r, c):
        used = set(grid[r]) | {row[c] for row in grid}
        r0, c0 = r // 3 * 3, c // 3 * 3
        used |= {v for row in grid[r0:r0 + 3] for v in row[c0:c0 + 3]}
        return [v for v in range(1, 10) if v not in used]

    def solve():
        empty = [(len(allowed(r, c)), r, c) for r in range(9)
                 for c in range(9) if not grid[r][c]]
        if not empty:
            return True
        _, r, c = min(empty)
        for v in allowed(r, c):
            grid[r][c] = v
            if solve():
                return True
        grid[r][c] = 0
        return False

    show('sudoku', solve(), ''.join(map(str, grid[0])), digest(str(grid)))
    moves = []

    def hanoi(n, a='a', b='b', c='c'):
        if n:
            hanoi(n - 1, a, c, b)
            moves.append(a + c)
            hanoi(n - 1, b, a, c)

    hanoi(10)
    show('hanoi', len(moves), ' '.join(moves[:7]))
    cells = {(x, y) for x, y in ((1, 0), (2, 1), (0, 2), (1, 2), (2, 2))}
    for _ in range(40):
        near = collections.Counter((x + dx, y + dy) for x, y in cells
                                   for dx in (-1, 0, 1) for dy in (-1, 0, 1)
                                   if dx or dy)
        cells = {p for p, n in near.items() if n == 3 or n == 2 and p in cells}
    show('glider', sorted(cells))

    def collatz(n):
        steps = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps

    show('collatz', max(range(1, 20000), key=collatz))
    state, rule, lines = 1 << 32, 30, []
    for _ in range(30):
        lines.append(state)
        state = sum((rule >> (state >> i & 7) & 1) << (i + 1)
                    for i in range(64))
    show('rule 30', digest(str(lines)))


@job
def dynamic_programs():
    def edit_distance(a, b):
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            diagonal, row[0] = row[0], i
            for j, y in enumerate(b, 1):
                diagonal, row[j] = row[j], min(
                    row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
        return row[-1]

    show('edits', edit_distance('kitten', 'sitting'),
         edit_distance(POEM[:200], POEM[100:300]))

    def common(a, b):
        table = [[''] * (len(b) + 1) for _ in range(len(a) + 1)]
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                table[i + 1][j + 1] = (table[i][j] + x if x == y else max(
                    table[i][j + 1], table[i + 1][j], key=len))
        return table[-1][-1]

    show('common', common('the maple lets its keys', 'he may let it be'))
    weights = [(i * 7 % 13 + 1, i * 11 % 17 + 1) for i in range(25)]
    best = [0] * 51
    for weight, value in weights:
        for room in range(50, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    show('knapsack', best[50])
    ways = [1] + [0] * 500
    for coin in (1, 2, 5, 10, 20, 50, 100, 200):
        for amount in range(coin, 501):
            ways[amount] += ways[amount - coin]
    show('coins', ways[500])
    sizes = [30, 35, 15, 5, 10, 20, 25]

    @functools.cache
    def chain(i, j):
        if i == j:
            return 0
        return min(chain(i, k) + chain(k + 1, j) +
                   sizes[i] * sizes[k + 1] * sizes[j + 1]
                   for k in range(i, j))

    show('matrix chain', chain(0, 5))
    data, tails = [n * 7919 % 1000 for n in range(300)], []
    for value in data:
        at = bisect.bisect_left(tails, value)
        tails[at:at + 1] = [value]
    show('increasing', len(tails))


@job
def structures():
    class Heap:
        """A treap: a tree by key, a heap by a priority made from the key."""

        __slots__ = ('key', 'rank', 'left', 'right', 'size')

        def __init__(self, key):
            self.key, self.left, self.right, self.size = key, None, None, 1
            self.rank = zlib.crc32(b'%d' % key)

    def size(node):
        return node.size if node else 0

    def split(node, key):
        if node is None:
            return None, None
        if node.key < key:
            node.right, rest = split(node.right, key)
            node.size = 1 + size(node.left) + size(node.right)
            return node, rest
        rest, node.left = split(node.left, key)
        node.size = 1 + size(node.left) + size(node.right)
        return rest, node

    def merge(a, b):
        if a is None or b is None:
            return a or b
        if a.rank > b.rank:
            a.right = merge(a.right, b)
            top = a
        else:
            b.left = merge(a, b.left)
            top = b
        top.size = 1 + size(top.left) + size(top.right)
        return top

    root = None
    for i in range(3000):
        key = i * 7919 % 100003
        low, high = split(root, key)
        root = merge(merge(low, Heap(key)), high)
    for i in range(0, 3000, 3):
        key = i * 7919 % 100003
        low, high = split(root, key)
        _, high = split(high, key + 1)
        root = merge(low, high)

    def nth(node, n):
        while node:
            if n < size(node.left):
                node = node.left
            elif n == size(node.left):
                return node.key
            else:
                n, node = n - size(node.left) - 1, node.right

    def height(node):
        return 1 + max(height(node.left), height(node.right)) if node else 0

    show('treap', size(root), nth(root, 0), nth(root, 1000), height(root) < 40)
    trie = {}
    for word in re.findall('[a-z]+', POEM.lower()):
        node = trie
        for c in word:
            node = node.setdefault(c, {})
        node[''] = node.get('', 0) + 1

    def below(node, prefix):
        for c in sorted(node):
            if c == '':
                yield prefix, node[c]
            else:
                yield from below(node[c], prefix + c)

    show('trie', list(below(trie['w'], 'w'))[:5])
    cache = collections.OrderedDict()
    hits = 0
    for i in range(5000):
        key = i * i % 97
        hits += key in cache
        cache[key] = i
        cache.move_to_end(key)
        if len(cache) > 30:
            cache.popitem(last=False)
    show('cache', hits, next(iter(cache)))
    ring = collections.deque(maxlen=5)
    ring.extend(range(12))
    ring.rotate(2)
    show('ring', list(ring))
    scopes = collections.ChainMap({'a': 1}, {'a': 2, 'b': 3})
    show('scopes', scopes['a'], scopes['b'], scopes.new_child({'b': 9})['b'])
    bits = bytearray(2000)
    for word in POEM.split():
        for h in hashlib.sha1(word.encode()).digest()[:3]:
            bits[h * 7] = 1
    show('bloom', all(bits[h * 7] for h in hashlib.sha1(b'maple').digest()[:3]),
         sum(bits))


@job
def huffman_and_friends():
    counts = collections.Counter(POEM)
    heap = [(n, c, c) for c, n in sorted(counts.items())]
    heapq.heapify(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (a[0] + b[0], min(a[1], b[1]), (a[2], b[2])))
    codes = {}

    def assign(tree, code):
        if isinstance(tree, str):
            codes[tree] = code
        else:
            assign(tree[0], code + '0')
            assign(tree[1], code + '1')

    assign(heap[0][2], '')
    encoded = ''.join(codes[c] for c in POEM)
    back, tree, out = heap[0][2], heap[0][2], []
    for bit in encoded:
        tree = tree[int(bit)]
        if isinstance(tree, str):
            out.append(tree)
            tree = back
    show('huffman', len(encoded), ''.join(out) == POEM)

    def lzw(data):
        table, current, out_ = {bytes([i]): i for i in range(256)}, b'', []
        for byte in data:
            longer = current + bytes([byte])
            if longer in table:
                current = longer
            else:
                out_.append(table[current])
                table[longer] = len(table)
                current = bytes([byte])
        return out_ + [table[current]]

    def unlzw(codes_):
        table = {i: bytes([i]) for i in range(256)}
        last = table[codes_[0]]
        result = [last]
        for code in codes_[1:]:
            entry = table.get(code, last + last[:1])
            result.append(entry)
            table[len(table)] = last + entry[:1]
            last = entry
        return b''.join(result)

    packed = lzw(POEM.encode())
    show('lzw', len(packed), unlzw(packed).decode() == POEM)
    text = POEM[:300] + '\0'
    order = sorted(range(len(text)), key=lambda i: text[i:] + text[:i])
    transformed = ''.join(text[i - 1] for i in order)
    show('burrows-wheeler', digest(transformed), sum(
        1 for _ in itertools.groupby(transformed)))
    p, q, e = 1000003, 1000033, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    secret = pow(123456789, e, p * q)
    show('rsa', secret, pow(secret, d, p * q))

    def is_prime(n):
        d, s = n - 1, 0
        while d % 2 == 0:
            d, s = d // 2, s + 1
        for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
            if n % a == 0:
                return n == a
            x = pow(a, d, n)
            if x not in (1, n - 1) and not any(
                    (x := x * x % n) == n - 1 for _ in range(s - 1)):
                return False
        return True

    show('primes', [n for n in range(10 ** 15, 10 ** 15 + 200)
                    if is_prime(n)], is_prime(2 ** 127 - 1))

    def rho(n):
        for c in range(1, 20):
            x = y = 2
            d_ = 1
            while d_ == 1:
                x = (x * x + c) % n
                y = (y * y + c) % n
                y = (y * y + c) % n
                d_ = math.gcd(abs(x - y), n)
            if d_ != n:
                return min(d_, n // d_)

    show('factor', rho(1000003 * 1000033), rho(8051))
    signal_ = [complex(math.sin(i / 5) + (i % 3), 0) for i in range(256)]

    def fft(x, sign=-1):
        if len(x) == 1:
            return x
        even, odd = fft(x[::2], sign), fft(x[1::2], sign)
        n = len(x)
        turned = [complex(math.cos(2 * math.pi * k / n),
                          sign * math.sin(2 * math.pi * k / n)) * odd[k]
                  for k in range(n // 2)]
        return ([a + b for a, b in zip(even, turned)] +
                [a - b for a, b in zip(even, turned)])

    again = [v / 256 for v in fft(fft(signal_), 1)]
    show('fourier', max(abs(a - b) for a, b in zip(again, signal_)) < 1e-9)


@job
def linear_algebra():
    n = 12
    a = [[fractions.Fraction(1, i + j + 1) for j in range(n)]
         for i in range(n)]
    rows = [row[:] + [fractions.Fraction(int(i == j)) for j in range(n)]
            for i, row in enumerate(a)]
    for i in range(n):
        pivot = next(r for r in range(i, n) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        factor = rows[i][i]
        rows[i] = [v / factor for v in rows[i]]
        for r in range(n):
            if r != i and rows[r][i]:
                factor = rows[r][i]
                rows[r] = [v - factor * w for v, w in zip(rows[r], rows[i])]
    inverse = [row[n:] for row in rows]
    show('hilbert', inverse[0][:3], inverse[11][11])
    identity = [[sum(x * y for x, y in zip(row, column))
                 for column in zip(*inverse)] for row in a]
    show('identity', all(identity[i][j] == (i == j) for i in range(n)
                         for j in range(n)))
    m = [[(i * 31 + j * 17) % 10 - 4.5 for j in range(40)] for i in range(40)]
    for _ in range(3):
        columns = list(zip(*m))
        m = [[sum(map(operator.mul, row, column)) / 100 for column in columns]
             for row in m]
    show('product', round(m[0][0], 6), round(sum(map(sum, m)), 6))
    x, history = 1.0, []
    for _ in range(6):
        x -= (x ** 3 - 2 * x - 5) / (3 * x * x - 2)
        history.append(round(x, 10))
    show('newton', history)
    area = sum(4 / (1 + ((i + .5) / 20000) ** 2) for i in range(20000)) / 20000
    show('integral', round(area, 9))
    inside = 0
    for px, py in struct.iter_unpack('<HH', noise(40000, 5)):
        inside += px * px + py * py < 65536 ** 2
    show('monte carlo', inside)


@job
def interpreters():
    # A Lisp of forty lines.
    def parse(text):
        tokens = text.replace('(', ' ( ').replace(')', ' ) ').split()

        def read():
            token = tokens.pop(0)
            if token == '(':
                form = []
                while tokens[0] != ')':
                    form.append(read())
                tokens.pop(0)
                return form
            try:
                return int(token)
            except ValueError:
                return token
        return read()

    base = {'+': operator.add, '-': operator.sub, '*': operator.mul,
            '<': operator.lt, '=': operator.eq, 'list': lambda *a: list(a),
            'car': lambda x: x[0], 'cdr': lambda x: x[1:], 'null?':
            lambda x: not x, 'cons': lambda a, b: [a] + b}

    def evaluate(form, env):
        while True:
            if isinstance(form, str):
                return env[form]
            if not isinstance(form, list):
                return form
            if form[0] == 'if':
                form = form[2 if evaluate(form[1], env) else 3]
            elif form[0] == 'define':
                env.maps[0][form[1]] = evaluate(form[2], env)
                return None
            elif form[0] == 'lambda':
                return ('lambda', form[1], form[2], env)
            else:
                function, *args = [evaluate(f, env) for f in form]
                if callable(function):
                    return function(*args)
                _, names, form, outer = function
                env = outer.new_child(dict(zip(names, args)))

    env = collections.ChainMap({}, base)
    for line in (
            '(define fact (lambda (n) (if (< n 2) 1 (* n (fact (- n 1))))))',
            '(define map (lambda (f l) (if (null? l) (list) '
            '(cons (f (car l)) (map f (cdr l))))))',
            '(define count (lambda (n a) (if (= n 0) a '
            '(count (- n 1) (+ a n)))))',
            '(define compose (lambda (f g) (lambda (x) (f (g x)))))'):
        evaluate(parse(line), env)
    for line in ('(fact 30)', '(map fact (list 1 2 3 4 5))', '(count 5000 0)',
                 '((compose fact (lambda (x) (+ x 1))) 4)'):
        show(line[:21], evaluate(parse(line), env))

    # Arithmetic, by precedence climbing.
    ranks = {'+': (1, operator.add), '-': (1, operator.sub),
             '*': (2, operator.mul), '/': (2, fractions.Fraction),
             '^': (3, operator.pow)}

    def calculate(text):
        tokens = re.findall(r'\d+|\S', text) + ['end']

        def operand():
            token = tokens.pop(0)
            if token == '(':
                value = expression(1)
                if tokens.pop(0) != ')':
                    raise SyntaxError('missing )')
                return value
            if token == '-':
                return -expression(3)
            if not token.isdigit():
                raise SyntaxError('unexpected ' + token)
            return int(token)

        def expression(least):
            value = operand()
            while tokens[0] in ranks and ranks[tokens[0]][0] >= least:
                rank, function = ranks[tokens.pop(0)]
                value = function(value, expression(rank + (rank != 3)))
            return value

        return expression(1)

    for text in ('1 + 2 * 3', '(1+2)*3 - -4', '2^3^2', '7/2/3', '(1', '*'):
        try:
            show(text, calculate(text))
        except SyntaxError as e:
            show(text, e)

    # A machine with a stack.
    program = [('push', 0), ('store', 's'), ('push', 1), ('store', 'i'),
               ('load', 's'), ('load', 'i'), ('load', 'i'), ('mul',),
               ('add',), ('store', 's'), ('load', 'i'), ('push', 1), ('add',),
               ('store', 'i'), ('load', 'i'), ('push', 2000), ('less',),
               ('jump if', 4), ('load', 's'), ('halt',)]
    stack, memory_, at, steps = [], {}, 0, 0
    while True:
        name, *argument = program[at]
        at, steps = at + 1, steps + 1
        if name == 'push':
            stack.append(argument[0])
        elif name == 'load':
            stack.append(memory_[argument[0]])
        elif name == 'store':
            memory_[argument[0]] = stack.pop()
        elif name == 'jump if':
            at = argument[0] if stack.pop() else at
        elif name == 'halt':
            break
        else:
            b, a = stack.pop(), stack.pop()
            stack.append({'add': a + b, 'mul': a * b, 'less': a < b}[name])
    show('machine', stack, steps)

    # Regular expressions by derivatives.
    @functools.cache
    def empty_matches(r):
        return (r[0] in ('empty', 'star') or r[0] == 'or' and any(
            map(empty_matches, r[1:])) or r[0] == 'then' and all(
                map(empty_matches, r[1:])))

    @functools.cache
    def derive(r, c):
        kind = r[0]
        if kind == 'char':
            return ('empty',) if r[1] == c else ('none',)
        if kind == 'or':
            return ('or', derive(r[1], c), derive(r[2], c))
        if kind == 'star':
            return ('then', derive(r[1], c), r)
        if kind == 'then':
            first = ('then', derive(r[1], c), r[2])
            return (('or', first, derive(r[2], c)) if empty_matches(r[1])
                    else first)
        return ('none',)

    def matches(r, text):
        for c in text:
            r = derive(r, c)
        return empty_matches(r)

    a, b = ('char', 'a'), ('char', 'b')
    ends_abb = ('then', ('star', ('or', a, b)), ('then', a, ('then', b, b)))
    show('derivatives', [matches(ends_abb, t) for t in (
        'abb', 'aabb', 'ab', 'babb', 'abba')])


@job
def summary(place):
    count = size = 0
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            count += 1
            size += os.path.getsize(path) if not name.endswith('.db') else 0
            if not os.path.islink(path):
                os.unlink(path)
    show('left', count)
    shutil.rmtree(place)
    show('jobs', len(JOBS), sys.version_info[:2] >= (3, 11))
    print('to the standard error', file=sys.stderr)


def main():
    place = os.path.abspath(sys.argv[1])
    os.mkdir(place)
    for function in JOBS:
        print(function.__name__.replace('_', ' '))
        if inspect.signature(function).parameters:
            # A directory of its own; the last job looks at all of them.
            own = place if function is summary else os.path.join(
                place, function.__name__)
            if function is not summary:
                os.mkdir(own)
            function(own)
        else:
            function()
    return 23


if __name__ == '__main__':
    sys.exit(main())
