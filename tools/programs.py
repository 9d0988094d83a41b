# SPDX-License-Identifier: BSD-2-Clause
"""programs.py - running an App of a table here and in guests, and comparing.

What tools/run-apps and tools/run-languages share: compiling, the options of
samara, the comparison, the pool of jobs. tests/apps/table.py says what an App
is.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import tempfile
import threading

import common

GUEST_DIR = '/work'
DEBIAN = '/usr/bin:/bin'  # Debian's own compilers first


def tool(name):
    """The path of a compiler, or None."""
    return shutil.which(name, path=DEBIAN) or shutil.which(name)


def go_needs_c(source):
    with open(source, encoding='utf-8') as f:
        return 'import "C"' in f.read()


def build_command(source, program):
    """[compiler, argument...], which makes `program`."""
    ending = os.path.splitext(source)[1]
    if ending == '.c':
        if 'musl' in source:
            return ['musl-gcc', '-static', '-O2', source, '-o', program]
        if 'static' in source:
            kind = '-static-pie' if 'static-pie' in source else '-static'
            return ['gcc', kind, '-O2', source, '-o', program]
        return ['gcc', '-O2', '-g', '-pthread', source, '-o', program]
    if ending == '.ml':
        # The compiler writes beside its source.
        copy = program + '.ml'
        shutil.copy(source, copy)
        return ['ocamlopt', '-I', '+threads', 'unix.cmxa', 'threads.cmxa',
                'str.cmxa', copy, '-o', program]
    return {
        '.cc': ['g++', '-std=c++17', '-O1', '-g', '-pthread', source, '-o',
                program],
        '.rs': ['rustc', '-O', source, '-o', program],
        '.go': ['go', 'build', '-trimpath', '-o', program, source],
        '.hs': ['ghc', '-v0', '-O', '-threaded', '-outputdir', program + '.d',
                '-o', program, source],
        '.erl': ['erlc', '-o', program, source],
        '.java': ['javac', '-nowarn', '-XDignore.symbol.file', '-d', program,
                  source],
    }[ending]


def compile_source(source, build):
    """(path of the program or None, complaint)."""
    name = '-'.join(os.path.splitext(source)).replace('-.', '-')
    program = os.path.abspath(os.path.join(build, name))
    # Those that make several files get a directory.
    os.makedirs(program if source.endswith(('.erl', '.java'))
                else os.path.dirname(program), exist_ok=True)
    command = build_command(source, program)
    compiler = tool(command[0])
    if not compiler:
        return None, 'no ' + command[0]
    env = dict(os.environ, GOFLAGS='', GOCACHE=os.path.abspath(
        os.path.join(build, 'go-cache')))
    if source.endswith('.go'):
        env['CGO_ENABLED'] = '1' if go_needs_c(source) else '0'
    done = subprocess.run([compiler] + command[1:], capture_output=True,
                          text=True, env=env)
    return (program, '') if done.returncode == 0 else (None, done.stderr)


class Runner:
    """Runs Apps in a directory with copies of `files`, with `env` alone."""

    def __init__(self, build, score, files, env, sources):
        self.build, self.score, self.files = build, score, files
        self.env, self.sources = env, sources
        self.only_native = False
        self.lock = threading.Lock()
        self.compiled = {}

    def compile(self, source):
        """As compile_source(), once for each source."""
        with self.lock:
            if source not in self.compiled:
                self.compiled[source] = compile_source(source, self.build)
            return self.compiled[source]

    def native(self, app, command):
        base = tempfile.mkdtemp(prefix='samara-apps.')
        place = base + GUEST_DIR
        try:
            shutil.copytree(self.files, place, symlinks=True)
            result = common.run(command, app.stdin, app.timeout,
                                dict(self.env, **app.env), place)
            # What a program says of where it is, a guest says of GUEST_DIR.
            result.out = result.out.replace(base.encode(), b'')
            result.err = result.err.replace(base.encode(), b'')
            return result
        finally:
            shutil.rmtree(base)

    def guest_command(self, app, command, options):
        run = [os.path.join(self.build, 'samara'), 'run', '-w', GUEST_DIR,
               '--add', self.files + ':' + GUEST_DIR]
        for key, value in dict(self.env, **app.env).items():
            run += ['-e', '%s=%s' % (key, value)]
        for path in app.add:
            if os.path.exists(path):
                run += ['--add', path]
        return run + options + app.options + command

    def guest(self, app, command, options):
        return common.run(self.guest_command(app, command, options), app.stdin,
                          app.timeout)

    def compare(self, app, native, guest):
        if app.match or app.match_err:
            if guest.status != native.status:
                return 'status %d, not %d' % (guest.status, native.status)
            for result in (native, guest):
                for what, pattern, got in (('output', app.match, result.out),
                                           ('errors', app.match_err,
                                            result.err)):
                    if pattern and not re.search(pattern.encode(), got):
                        return '%s do not fit: %r' % (what, got[-200:])
            return ''
        for result in (native, guest):
            result.out = app.clean(result.out)
            result.err = app.clean(result.err)
        return guest.differs(native)

    def show(self, name, native):
        text = (native.out + native.err)[-900:].decode(errors='replace')
        print('# %s: status %d\n%s' % (name, native.status, text))
        self.score.add(name, 'Linux', 'time' if native.timed_out else '')

    def run(self, app, configs):
        name = self.sources + '/' + app.name
        program = None
        if app.built:
            program, complaint = self.compile(app.built)
            if not program:
                if complaint.startswith('no '):
                    self.score.skip(name, complaint)
                else:
                    self.score.add(name, 'compile', 'fails', complaint)
                return
        app = app.with_program(program)
        if not os.path.exists(app.command[0]):
            if app.optional:
                self.score.skip(name, 'not installed')
            else:
                self.score.add(name, 'Linux', app.command[0] +
                               ' is not installed')
            return
        native = {}
        for config in [None] if self.only_native else configs:
            if app.configs is not None and config and \
                    config not in app.configs:
                continue
            command = app.sized(config)
            key = tuple(command)
            if key not in native:
                native[key] = self.native(app, command)
            if config is None:
                self.show(name, native[key])
                continue
            guest = self.guest(app, command,
                               configs[config] + app.more.get(config, []))
            error = self.compare(app, native[key], guest)
            self.score.add(name, config, error,
                           guest.err.decode(errors='replace'))

    def run_all(self, apps, configs, jobs):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for done in [pool.submit(self.run, a, configs) for a in apps]:
                done.result()
