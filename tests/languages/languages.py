# SPDX-License-Identifier: BSD-2-Clause
"""languages.py - the programs of tests/languages, and how each is run.

One program for each language: threads, the collector under pressure, files,
text, time; argument 1 is its size. The same with "crash" or "error" instead of
a size ends badly on purpose. Sizes are chosen so that a program works for a
second or less here, and on a machine that QEMU emulates for half a minute.
"""
import glob

from table import App

HERE = 'tests/languages/'
JAVA = '/usr/lib/jvm/java-17-openjdk-amd64/bin/java'
# Where every instruction is emulated, the second compiler never pays.
JAVA_SMALL = ['-Xmx64m', '-Xss512k', '-Xshare:auto', '-XX:TieredStopAtLevel=1',
              '-XX:+UseSerialGC']

REPORT = (r'^samara: [^\n]*killed by SIG[\s\S]*', '', 'where it crashed is '
          'told by samara, not by Linux')
HEX = (r'0x[0-9a-f]+', '0x', 'addresses are random')
TID = (r"(?m)^(thread '\w+') \(\d+\)", r'\1', 'new compilers have it say the '
       "thread's id")


def language(name, *command, built=None, full=100, small=5, crash=None,
             error=False, **more):
    """Apps: the program at both sizes, and its bad ends.

    crash  {what App takes} for the run with "crash"
    error  whether there is a run with "error"
    """
    built = HERE + built if built else None
    apps = [App(name, *command, '{size}', built=built, timeout=300,
                sizes={None: full, 'qemu/tcg': small}, **more)]
    if crash is not None:
        apps.append(App(name + '-crash', *command, 'crash', built=built,
                        **dict(more, **crash)))
    if error:
        apps.append(App(name + '-error', *command, 'error', built=built,
                        **more))
    return apps


def killed(*normalise, **more):
    return dict(normalise=[REPORT] + list(normalise), **more)


LANGUAGES = (
    language('c', '{built}', built='threads.c', small=10, crash=killed()) +
    language('c++', '{built}', built='objects.cc', small=10,
             crash=killed()) +
    language('rust', '{built}', built='channels.rs', small=10,
             crash=killed(TID)) +
    language('go', '{built}', built='goroutines.go', small=3, crash={},
             options=['-m', '256M']) +
    language('cgo', '{built}', built='calls_c.go', small=10, crash=killed(
        match_err='fatal error: unexpected signal during runtime execution'),
             options=['-m', '256M']) +
    language('python', '/usr/bin/python3', 'program.py', small=4,
             crash=killed(HEX), error=True, options=['-m', '256M']) +
    language('node', '/usr/bin/node', 'program.js', full=60, small=2,
             crash=killed(HEX), error=True, options=['-m', '1G']) +
    language('java', JAVA, *JAVA_SMALL, '-cp', '{built}', 'Program',
             built='Program.java', full=50, small=1, add=['{built}'],
             crash=killed(match='fatal error.*\n#\n#  SIGSEGV'), error=True,
             options=['-m', '512M']) +
    language('ruby', '/usr/bin/ruby', 'program.rb', full=60, small=3,
             crash=killed(match_err=r'\[BUG\] Segmentation fault'), error=True,
             options=['-m', '256M']) +
    language('php', '/usr/bin/php', '-d', 'memory_limit=-1', 'program.php',
             small=5, crash=killed(), error=True, options=['-m', '512M']) +
    language('perl', '/usr/bin/perl', 'program.pl', small=3, crash=killed(),
             error=True, options=['-m', '256M']) +
    language('lua', '/usr/bin/lua5.4', 'program.lua', small=10, error=True) +
    language('ocaml', '{built}', built='program.ml', small=5, crash=killed(),
             error=True)
)

# Beyond the twelve, where they are installed. What starts other programs is
# refused, and samara says so.
FORKS = (r'^samara: \w+: several processes[^\n]*\n', '', 'Linux lets them')
ERLANG = '/usr/lib/erlang'
ERTS = (sorted(glob.glob(ERLANG + '/erts-*/bin')) or ['/none'])[-1]
R = '/usr/lib/R'

BEYOND = (
    language('tcl', '/usr/bin/tclsh8.6', 'program.tcl', optional=True) +
    language('guile', '/usr/bin/guile-3.0', '--no-auto-compile', 'program.scm',
             optional=True, options=['-m', '256M']) +
    language('haskell', '{built}', built='beyond/program.hs', error=True,
             optional=True) +
    language('erlang', ERTS + '/beam.smp', '--', '-root', ERLANG, '-bindir',
             ERTS, '-progname', 'erl', '--', '-home', '/', '--', '-noshell',
             '-noinput', '-pa', '{built}', '-run', 'program', 'main',
             built='beyond/program.erl', add=['{built}', ERLANG],
             env={'ROOTDIR': ERLANG, 'BINDIR': ERTS, 'EMU': 'beam',
                  'PROGNAME': 'erl'}, small=2, optional=True,
             normalise=[FORKS], options=['-m', '256M']) +
    language('r', R + '/bin/exec/R', '--no-echo', '--no-restore', '--vanilla',
             '--file=program.R', '--args', add=[R, '/etc/R', '/usr/share/R'],
             env={'R_HOME': R, 'LD_LIBRARY_PATH': R + '/lib',
                  'R_DEFAULT_PACKAGES': 'NULL'}, small=2, optional=True,
             normalise=[FORKS], options=['-m', '512M'])
)
