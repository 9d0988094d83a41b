# SPDX-License-Identifier: BSD-2-Clause
"""table.py - the real programs that must run, each with its arguments.

Each App runs here and in a guest; output, errors and status must be the same
bytes. Both sides start in a directory with the files of tests/apps/files (and
the data that tools/run-apps generates), with the environment ENV, nothing
else. What cannot be equal is normalised, with the reason beside it, or left to
a pattern (`match`) that both outputs must fit.
"""
import copy
import re

ENV = {'LC_ALL': 'C', 'PATH': '/usr/bin:/bin', 'HOME': '/', 'TZ': 'UTC0'}


class App:
    """One program with one set of arguments.

    add        host paths that go into the image as they are
    options    further options of samara run
    configs    where to run it; None: everywhere
    normalise  [(pattern, replacement, reason)], applied to both outputs
    match      a pattern for outputs that never repeat, instead of comparing
    match_err  the same for the errors
    unordered  lines come in the order of the directory: sort them
    built      a source that is compiled first; '{built}' in command and add
               is the result
    sizes      {config or None: what '{size}' in command is there}; None: here
    env        variables beside ENV
    optional   passed over where it is not installed
    more       {config: options of samara run there}
    """

    def __init__(self, name, *command, stdin=b'', add=(), options=(),
                 configs=None, normalise=(), match=None, match_err=None,
                 built=None, sizes=None, more=None, env=None, optional=False,
                 timeout=120,
                 unordered=False):
        self.name, self.command, self.stdin = name, list(command), stdin
        self.add, self.options = list(add), list(options)
        self.configs, self.normalise = configs, list(normalise)
        self.match, self.match_err = match, match_err
        self.built, self.timeout = built, timeout
        self.sizes, self.more = sizes or {}, more or {}
        self.env, self.optional = env or {}, optional
        self.unordered = unordered

    def with_program(self, program):
        """The same, where {built} is this path."""
        if program is None:
            return self
        app = copy.copy(self)
        app.command = [c.replace('{built}', program) for c in self.command]
        app.add = [a.replace('{built}', program) for a in self.add]
        return app

    def sized(self, config):
        """The command as it is run in this configuration."""
        size = self.sizes.get(config, self.sizes.get(None))
        return [str(size) if c == '{size}' else c for c in self.command]

    def clean(self, text):
        for pattern, replacement, _ in self.normalise:
            text = re.sub(pattern.encode(), replacement.encode(), text,
                          flags=re.M)
        return b'\n'.join(sorted(text.split(b'\n'))) if self.unordered else text


TEXT = (b'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n' * 20)
FAST = ['monitor/kvm']  # where 50 MB take seconds
SLOW = ['qemu/tcg']

# ls: sizes of directories and blocks are the file system's own affair.
LS = [(r'^total \d+$', 'total', 'block counts depend on the file system'),
      (r'^(d\S+ +\d+) +\d+', r'\1 size', 'so do sizes of directories'),
      (r'^(d\S+) +\d+', r'\1 links', 'and, on some, their links'),
      (r' +', ' ', 'columns are as wide as the widest of these')]


def busybox(applet, *args, **more):
    return App('busybox-' + more.pop('label', applet), '/bin/busybox', applet,
               *args, **more)


BUSYBOX = [
    busybox('echo', 'hello'),
    busybox('cat', 'words', '-', stdin=b'from stdin\n'),
    busybox('wc', 'words', 'table'),
    busybox('sort', '-r', 'words'),
    busybox('sort', '-n', '-k2', 'table', label='sort-numbers'),
    busybox('uniq', '-c', 'words'),
    busybox('sed', '-e', 's/o/0/g', '-e', '2d', 'words'),
    busybox('awk', '{ s += $2 } END { print NR, s }', 'table'),
    busybox('grep', '-n', 'e$', 'words'),
    busybox('head', '-n', '3', 'words'),
    busybox('tail', '-n', '3', 'words'),
    busybox('cut', '-d', ' ', '-f2', 'table'),
    busybox('tr', 'a-z', 'A-Z', stdin=TEXT),
    busybox('md5sum', 'words', 'table'),
    busybox('sha1sum', 'words'),
    busybox('sha256sum', 'words', '-', stdin=TEXT),
    busybox('sha512sum', 'words'),
    busybox('strings', '-n', '4', 'words'),
    busybox('base64', 'words'),
    busybox('od', '-tx1', '-An', 'words'),
    busybox('hexdump', '-C', 'words'),
    busybox('tac', 'words'),
    busybox('rev', 'words'),
    busybox('nl', 'words'),
    busybox('fold', '-w', '7', 'words'),
    busybox('expand', 'tabs'),
    busybox('paste', 'words', 'table'),
    busybox('crc32', 'words'),
    busybox('diff', 'words', 'table'),
    busybox('cmp', 'words', 'table'),
    busybox('seq', '1', '3', '100'),
    busybox('expr', '6', '*', '7'),
    busybox('printf', '%05d|%-6s|%x\n', '42', 'ab', '255'),
    busybox('factor', '1234567890', '97'),
    busybox('date', '-u', '-d', '@1000000000'),
    busybox('dd', 'if=words', 'bs=7', 'count=3', 'status=none'),
    busybox('find', 'tree', '-type', 'f', '-name', '*.txt', unordered=True),
    busybox('ls', '-1', 'tree'),
    busybox('stat', '-c', '%s %F %n', 'words', 'tree/a.txt', 'tree/link'),
    busybox('tar', '-cf', '-', '--help', label='tar-help'),
    busybox('gzip', '-c', '-d', 'words.gz'),
    busybox('bzip2', '-c', 'words'),
    busybox('basename', '/a/b/c.txt', '.txt'),
    busybox('dirname', '/a/b/c.txt'),
    busybox('readlink', 'tree/link'),
    busybox('test', '-f', 'words'),
    busybox('test', '-d', 'words', label='test-false'),
    busybox('uname', '-s', '-m'),
    busybox('bc', stdin=b'2^200\nscale=20; 1/7\n'),
    busybox('dc', '-e', '10k 2 v p'),
    busybox('sh', '-c', 'for w in a b c; do printf "%s." "$w"; done; '
            'f() { local x=$1; echo "f $x"; }; f 1; case abc in a*) echo yes;; '
            'esac; read -r line <words; echo "$line"; exit 7', label='sh'),
    busybox('true'),
    busybox('false'),
    busybox('cat', 'missing', label='cat-missing'),
    busybox('sleep', '0.05'),
]

COREUTILS = [
    App('ls-lR', '/bin/ls', '-lR', '-g', '-G', '--time-style=+', 'tree',
        normalise=LS),
    App('ls-missing', '/bin/ls', 'missing'),
    App('sort', '/usr/bin/sort', '-k2,2n', '-k1,1', 'table'),
    App('sort-large', '/usr/bin/sort', '-u', '-S', '8M', 'numbers',
        '--parallel=1'),
    App('sha256sum', '/usr/bin/sha256sum', 'words', 'numbers'),
    App('tr', '/usr/bin/tr', '-d', 'aeiou', stdin=TEXT),
    App('wc', '/usr/bin/wc', 'words', 'table', 'numbers'),
    App('dd', '/bin/dd', 'if=numbers', 'bs=1k', 'skip=2', 'count=2',
        'status=none'),
    App('dd-copies', '/bin/dd', 'if=numbers', 'of=copy', 'bs=64k',
        normalise=[(r'^(\d+ bytes.*copied), .*', r'\1', 'time and rate')]),
    App('cp-a', '/bin/cp', '-a', '-v', 'tree', 'tree2', unordered=True),
    App('mv', '/bin/mv', '-v', 'words', 'words2'),
    App('rm-r', '/bin/rm', '-rv', 'tree/deep', unordered=True),
    App('mkdir-p', '/bin/mkdir', '-pv', 'a/b/c'),
    App('cat', '/bin/cat', '-A', 'words', 'tabs'),
    App('comm', '/usr/bin/comm', '-12', 'words.sorted', 'words.sorted'),
    App('join', '/usr/bin/join', 'words.sorted', 'words.sorted'),
    App('seq', '/usr/bin/seq', '-w', '1', '1000'),
    App('factor', '/usr/bin/factor', '18446744073709551557'),
    App('numfmt', '/usr/bin/numfmt', '--to=iec', '123456789'),
    App('stat', '/usr/bin/stat', '-c', '%n %s %A %h', 'words'),
    App('du-apparent', '/usr/bin/du', '--apparent-size', '-b', 'words'),
    App('realpath', '/usr/bin/realpath', '--relative-to=.',
        'tree/link'),
    App('od', '/usr/bin/od', '-c', 'words'),
    App('b2sum', '/usr/bin/b2sum', 'words'),
    App('split', '/usr/bin/split', '-l', '4', '--verbose', 'words', 'part.'),
    App('truncate', '/usr/bin/truncate', '-s', '1M', 'new'),
    App('date', '/bin/date', '-u', '-d', '@1000000000', '+%F %T'),
    App('printf', '/usr/bin/printf', '%s %d %.3f\\n', 'x', '7', '3.14159'),
]

SHELL_SCRIPTS = [
    App('bash', '/bin/bash', 'script.bash', 'first', 'second arg'),
    App('dash', '/bin/dash', 'script.sh', 'first', 'second arg'),
    App('bash-stdin', '/bin/bash', '-s', 'x',
        stdin=b'echo "got $1"; while read -r l; do echo "[$l]"; done\n'
              b'line one\nline two\n'),
    App('bash-error', '/bin/bash', '-c', 'set -e; false; echo no'),
    App('dash-exit', '/bin/dash', '-c', 'trap "echo bye" EXIT; exit 3'),
]

AWK = '''
{ for (i = 1; i <= NF; i++) count[$i]++ }
END {
    n = asorti(count, keys)
    for (i = 1; i <= n; i++) printf "%s=%d\\n", keys[i], count[keys[i]]
    print substr("unikernel", 4, 3), toupper("x"), sprintf("%.4f", atan2(0, -1))
}'''

JQ = 'map({n: .name, total: ([.items[].price] | add)}) | sort_by(.total)'

TEXT_TOOLS = [
    App('gawk', '/usr/bin/gawk', AWK, 'words', 'table'),
    App('gawk-numbers', '/usr/bin/gawk', '{ s += $1; q += $1 * $1 } END '
        '{ printf "%d %.6g\\n", s, q }', 'numbers'),
    App('sed', '/bin/sed', '-n', '-E',
        r's/^(.)(.*)$/\2\1ay/; /^n/!p; $=', 'words'),
    App('grep-P', '/bin/grep', '-nP', r'^(?=.*e)(?!.*n).+$', 'words'),
    App('grep-none', '/bin/grep', 'absent', 'words'),
    App('grep-r', '/bin/grep', '-rc', 'text', 'tree/a.txt'),
    App('jq', '/usr/bin/jq', '-S', JQ, 'data.json'),
    App('jq-stdin', '/usr/bin/jq', '-c', '.[] | select(.name|test("a"))|.id',
        stdin=b'[{"id":1,"name":"ab"},{"id":2,"name":"xy"}]'),
    App('jq-error', '/usr/bin/jq', '.', stdin=b'{"broken": '),
    App('bc', '/usr/bin/bc', '-lq', stdin=b'scale=60\n4*a(1)\n2^521-1\n'),
]

LANGUAGES = [
    App('lua', '/usr/bin/lua5.4', 'program.lua', 'arg1'),
    App('perl', '/usr/bin/perl', 'program.pl', 'arg1',
        add=['/usr/lib/x86_64-linux-gnu/perl-base',
             '/usr/lib/x86_64-linux-gnu/perl', '/usr/share/perl']),
    App('python3-line', '/usr/bin/python3', '-c', 'print("hello", 6 * 7)',
        add=['/usr/lib/python3.11'], options=['-m', '64M']),
    App('python3', '/usr/bin/python3', 'big.py', 'work',
        add=['/usr/lib/python3.11',
             '/usr/lib/x86_64-linux-gnu/libsqlite3.so.0',
             '/usr/lib/x86_64-linux-gnu/libmpdec.so.3'],
        options=['-m', '256M'], timeout=300),
    App('python3-asyncio', '/usr/bin/python3', 'coroutines.py',
        add=['/usr/lib/python3.11'], options=['-m', '64M'], timeout=30),
    App('python3-sockets', '/usr/bin/python3', 'sockets.py',
        add=['/usr/lib/python3.11'], options=['-m', '64M'], timeout=60),
    App('python3-traceback', '/usr/bin/python3', '-c', 'import json\n'
        'json.loads("{")', add=['/usr/lib/python3.11'],
        options=['-m', '64M']),
    App('python3-exit', '/usr/bin/python3', '-c', 'import sys; sys.exit(42)',
        add=['/usr/lib/python3.11'], options=['-m', '64M']),
    App('c++', '{built}', built='tests/apps/src/exceptions.cc'),
    App('musl', '{built}', 'a', 'b', built='tests/apps/src/hello-musl.c'),
    App('static-pie', '{built}', 'a', 'b',
        built='tests/apps/src/hello-static-pie.c'),
    App('glibc-static', '{built}', 'a', 'b',
        built='tests/apps/src/hello-glibc-static.c'),
    App('rust', '{built}', 'a', 'b', built='tests/apps/src/hello.rs'),
]

SQL = b'''
create table t(id integer primary key, name text, value real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
  insert into t select i, 'name ' || (i * 7919 %% 100003), i * 0.5 from n;
create index t_name on t(name);
create unique index t_both on t(value, id);
select count(*), sum(value), min(name), max(name) from t;
select name from t where value between 100 and 102 order by id;
update t set value = -value where id %% 3 = 0;
delete from t where id %% 7 = 0;
select count(*), total(value) from t;
vacuum;
pragma integrity_check;
'''

DATA_TOOLS = [
    App('sqlite3', '/usr/bin/sqlite3', 'new.db', stdin=SQL % 100000,
        options=['-m', '256M'], timeout=300),
    App('sqlite3-dump', '/usr/bin/sqlite3', ':memory:', '-cmd',
        'create table a(b); insert into a values (1), (2), (\'x\')',
        '.dump'),
    App('xz-small', '/usr/bin/xz', '-c', '-6', 'numbers',
        options=['-m', '256M']),
    App('xz-d-small', '/usr/bin/xz', '-dc', 'numbers.xz'),
    App('zstd-small', '/usr/bin/zstd', '-q', '-c', '--single-thread',
        'numbers'),
    App('gzip-small', '/bin/gzip', '-nc', 'numbers'),
    App('gzip-test', '/bin/gzip', '-tv', 'words.gz'),
] + [
    App(name, *command, configs=FAST, options=['-m', '768M'], timeout=300)
    for name, *command in (
        ('xz-50M', '/usr/bin/xz', '-c', '-1', '-T1', '50M'),
        ('xz-d-50M', '/usr/bin/xz', '-dc', '50M.xz'),
        ('zstd-50M', '/usr/bin/zstd', '-q', '-c', '--single-thread', '50M'),
        ('zstd-d-50M', '/usr/bin/zstd', '-q', '-dc', '50M.zst'),
        ('gzip-50M', '/bin/gzip', '-1nc', '50M'),
        ('gzip-d-50M', '/bin/gzip', '-dc', '50M.gz'))
]

OPENSSL = ['-e', 'OPENSSL_CONF=/dev/null']

OPENSSL_APPS = [
    App('openssl-dgst', '/usr/bin/openssl', 'dgst', '-sha256', 'words',
        'numbers', options=OPENSSL),
    App('openssl-sha3', '/usr/bin/openssl', 'dgst', '-sha3-512', 'words',
        options=OPENSSL),
    App('openssl-hmac', '/usr/bin/openssl', 'dgst', '-sha256', '-hmac', 'key',
        'words', options=OPENSSL),
    App('openssl-enc', '/usr/bin/openssl', 'enc', '-aes-256-cbc', '-a', '-K',
        '00' * 32, '-iv', '11' * 16, '-in', 'words', options=OPENSSL),
    App('openssl-chacha', '/usr/bin/openssl', 'enc', '-chacha20', '-a', '-K',
        'ab' * 32, '-iv', '11' * 16, '-in', 'words', options=OPENSSL),
    App('openssl-prime', '/usr/bin/openssl', 'prime', '1000000007',
        options=OPENSSL),
    App('openssl-rand', '/usr/bin/openssl', 'rand', '-hex', '16',
        match=r'^[0-9a-f]{32}\n$', options=OPENSSL),
    App('openssl-genpkey', '/usr/bin/openssl', 'genpkey', '-algorithm',
        'ED25519', match=r'BEGIN PRIVATE KEY', options=OPENSSL),
    App('openssl-speed', '/usr/bin/openssl', 'speed', '-seconds', '1',
        '-bytes', '1024', 'sha256', match=r'sha256 +[0-9.]+k',
        options=OPENSSL),
]

# What these print is another machine's, so it need only be read as theirs.
PROC_READERS = [
    App('ps', '/usr/bin/ps', '-o', 'pid,ppid,stat,nlwp,rss,comm', '-p', '1',
        match=r'PID +PPID STAT NLWP +RSS COMMAND\n +1 +0 \S+ +\d+ +\d+ \S+'),
    App('ps-aux', '/usr/bin/ps', 'aux',
        match=r'USER +PID %CPU %MEM[^\n]*\n\S+ +1 +[\d.]+ +[\d.]+ +\d+ +\d+ '),
    App('top', '/usr/bin/top', '-b', '-n1', '-w', '100', match=r'top - .* load '
        r'average: [\d., ]+\nTasks: +\d+ total[\s\S]*\nMiB Mem : +[\d.]+ total'
        r'[\s\S]*PID USER +PR +NI +VIRT +RES +SHR S +%CPU +%MEM'),
    App('free', '/usr/bin/free', '-k',
        match=r'Mem: +\d+ +\d+ +\d+ +\d+ +\d+ +\d+\nSwap: +\d+ +\d+'),
    App('vmstat', '/usr/bin/vmstat', match=r'us sy id wa st\n *\d+( +\d+){16}'),
    App('vmstat-s', '/usr/bin/vmstat', '-s',
        match=r'\d+ K total memory[\s\S]* \d+ boot time\n +\d+ forks'),
    App('uptime', '/usr/bin/uptime', match=r'up .*load average: [\d.]+, '),
    App('lscpu', '/usr/bin/lscpu', match=r'CPU\(s\): +\d+\n[\s\S]*Thread\(s\) '
        r'per core: +\d+\n[\s\S]*NUMA node0 CPU\(s\): +0'),
    App('nproc', '/usr/bin/nproc', match=r'^\d+\n$'),
    App('lsof', '/usr/bin/lsof', '-O', '-n', '-c', 'lsof',
        match=r'COMMAND +PID[\s\S]* \d+ \S+ +cwd +DIR [\s\S]* txt +REG '),
    App('findmnt', '/usr/bin/findmnt', '-n', '-o', 'TARGET,FSTYPE', '/proc',
        match=r'^/proc +proc\n$'),
    App('prlimit', '/usr/bin/prlimit', '--nofile', '-o', 'SOFT', '--noheadings',
        match=r'^ *\d+\n$'),
]

APPS = (BUSYBOX + COREUTILS + SHELL_SCRIPTS + TEXT_TOOLS + LANGUAGES +
        DATA_TOOLS + OPENSSL_APPS + PROC_READERS)
