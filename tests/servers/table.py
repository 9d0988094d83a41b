# SPDX-License-Identifier: BSD-2-Clause
"""table.py - the servers that must run, each with its client.

Each runs natively and in guests, unmodified as Debian packages it, with the
configuration of tests/servers/files in /srv. What its client sees must be the
same lines. A Program is what is started, a Server one that is driven by a
client outside; a Client is a program in a guest, against servers outside.
"""
import collections

import errands
import inside
import names
import sql
import stores
import web
from clients import dns_ready, http_ready

COMPILED = '{build}/tests/servers/server-'
JAVA = '/usr/lib/jvm/java-17-openjdk-amd64/bin/java'
JAVA_SMALL = ['-Xmx64m', '-Xss512k', '-Xshare:auto', '-XX:TieredStopAtLevel=1',
              '-XX:+UseSerialGC']
FAST = ['monitor/kvm']  # where a gigabyte takes seconds
# Those with several threads run on several CPUs as well.
ONE_CPU = ['monitor/kvm', 'qemu/tcg']


class Program:
    """What runs in a guest, or natively.

    command  program and arguments; {build} is where compiled sources are,
             {host} the address of the machine outside
    ports    guest ports that are reached from outside: '80', '53/udp'
    add      paths that go into the image; {build} as above
    options  further options of samara run
    """

    def __init__(self, name, *command, ports=(), add=(), options=()):
        self.name, self.command = name, list(command)
        self.ports, self.add = list(ports), list(add)
        self.options = list(options)
        self.place = 0  # which of the session's taps it is behind


class Server(Program):
    """A Program that answers.

    ready    function of a Context that raises until the server answers
    drive    the client: function of a Context that yields lines
    source   what is compiled first, in tests/servers/files
    prepare  what makes further files: function of a Context
    behind   Servers that this one uses; they are started first
    ends     whether SIGTERM must end it as natively; or a tuple of statuses of
             which natively, too, one or the other comes
    configs  where to run it; None: everywhere
    nets     {config: networks of a guest}
    """

    nets = collections.defaultdict(lambda: ['user'])
    is_for_root = False

    def __init__(self, name, *command, ready, drive=None, source=None,
                 prepare=None, behind=(), ends=True, configs=ONE_CPU, **more):
        super().__init__(name, *command, **more)
        self.ready, self.drive, self.source = ready, drive, source
        self.prepare = prepare
        self.behind, self.ends, self.configs = list(behind), ends, configs


class Client:
    """What runs programs against servers that it starts outside.

    is_for_root  a server outside wants to be root of more than its namespaces
    """

    nets = {'monitor/kvm': ['user', 'tap'], 'qemu/tcg': ['tap']}

    configs, source = ONE_CPU, None

    def __init__(self, name, needs, drive, is_for_root=False):
        self.name, self.drive, self.command = name, drive, [needs]
        self.is_for_root = is_for_root


def language(name, *command, **more):
    return Server(name, *command, ports=['8000'], ready=http_ready(8000),
                  drive=web.program, **more)


NGINX = ['/usr/sbin/nginx', '-c', '/srv/nginx.conf']
BEHIND = Server('nginx-behind', '/usr/sbin/nginx', '-c', '/srv/behind.conf',
                ports=['8081'], ready=http_ready(8081))

BEHIND.place = 1
# One process; it wants to change to another user, who comes with the package.
APACHE = Server('apache2', '/usr/sbin/apache2', '-X', '-f',
                '/srv/apache2.conf', ports=['80', '443'], ready=http_ready(80),
                drive=web.apache2, options=['--package', 'apache2-bin'],
                configs=FAST)
APACHE.is_for_root = True

SERVERS = [
    Server('nginx', *NGINX, ports=['80', '443'], ready=http_ready(80),
           drive=web.nginx),
    Server('nginx-proxy', *NGINX, ports=['80', '443'], ready=http_ready(80),
           drive=web.nginx_proxy, behind=[BEHIND]),
    Server('nginx-large', *NGINX, ports=['80', '443'], ready=http_ready(80),
           prepare=web.make_large, drive=web.nginx_large, configs=FAST),
    # Its status after SIGTERM is 0 or 1 on Linux, too, from run to run.
    Server('lighttpd', '/usr/sbin/lighttpd', '-D', '-f', '/srv/lighttpd.conf',
           ports=['80'], ready=http_ready(80), drive=web.lighttpd,
           ends=('0', '1')),
    APACHE,
    Server('haproxy', '/usr/sbin/haproxy', '-db', '-f', '/srv/haproxy.cfg',
           ports=['80', '7000'], ready=http_ready(80, '/own'),
           drive=web.haproxy, configs=None),
    Server('redis', '/usr/bin/redis-server', '/srv/redis.conf',
           ports=['6379'], ready=stores.redis_ready, drive=stores.redis),
    Server('memcached', '/usr/bin/memcached', '-u', 'root', '-p', '11211',
           '-U', '11211', '-t', '2', ports=['11211', '11211/udp'],
           ready=stores.memcached_ready, drive=stores.memcached, configs=None),
    Server('mosquitto', '/usr/sbin/mosquitto', '-c', '/srv/mosquitto.conf',
           ports=['1883'], ready=stores.mosquitto_ready,
           drive=stores.mosquitto),
    Server('unbound', '/usr/sbin/unbound', '-d', '-c', '/srv/unbound.conf',
           ports=['53', '53/udp'], ready=dns_ready(53, 'www.samara.test'),
           drive=names.resolver),
    Server('dnsmasq', '/usr/sbin/dnsmasq', '-d', '-C', '/srv/dnsmasq.conf',
           ports=['53', '53/udp'], ready=dns_ready(53, 'www.samara.test'),
           drive=names.resolver),
    Server('knot', '/usr/sbin/knotd', '-c', '/srv/knot.conf',
           ports=['53', '53/udp'], ready=dns_ready(53, 'www.samara.test'),
           drive=names.authority),
    Server('pdns', '/usr/sbin/pdns_server', '--config-dir=/srv/pdns',
           ports=['53', '53/udp'], ready=dns_ready(53, 'www.samara.test'),
           drive=names.authority),
    Server('named', '/usr/sbin/named', '-g', '-c', '/srv/named.conf',
           ports=['53', '53/udp'], ready=dns_ready(53, 'www.samara.test'),
           drive=names.authority, configs=None),
    Server('mariadb', '/usr/sbin/mariadbd', '--defaults-file=/srv/mariadb.cnf',
           ports=['3306'], prepare=sql.make_directory, ready=sql.ready,
           drive=sql.mariadb, add=['/usr/share/mysql/english'], configs=None),
    language('python-http', '/usr/bin/python3', '-m', 'http.server', '8000',
             '-d', '/srv/www', '-p', 'HTTP/1.1', configs=None),
    language('python-asyncio', '/usr/bin/python3', '/srv/server.py'),
    language('node', '/usr/bin/node', '/srv/server.js',
             options=['-m', '1G'], configs=None),
    language('go', COMPILED + 'go', source='server.go',
             options=['-m', '256M'], configs=None),
    language('java', JAVA, *JAVA_SMALL, '-cp', COMPILED + 'java', 'Server',
             source='Server.java', add=[COMPILED + 'java'], configs=None),
    language('rust', COMPILED + 'rs', source='server.rs', configs=None),
]

CLIENTS = [
    Client('curl', '/usr/bin/curl', inside.errands(
        errands.CURL, 'nginx dnsmasq ftp smtp tinyproxy microsocks')),
    Client('wget', '/usr/bin/wget', inside.errands(
        errands.WGET, 'nginx dnsmasq ftp')),
    Client('dig', '/usr/bin/dig', inside.errands(errands.NAMES, 'dnsmasq')),
    Client('streams', '/usr/bin/socat', inside.errands(
        errands.STREAMS, 'nginx redis mosquitto rsync git')),
    Client('ssh', '/usr/sbin/sshd', inside.errands(errands.SSH, 'sshd'),
           is_for_root=True),
    Client('python-client', '/usr/bin/python3', inside.errands(
        errands.PYTHON, 'nginx dnsmasq ftp smtp')),
    Client('python-libraries', '/usr/lib/python3/dist-packages/requests',
           inside.errands(errands.LIBRARIES, 'nginx dnsmasq', [
               '--package', 'python3-requests', '--package',
               'python3-aiohttp'])),
]

ALL = SERVERS + CLIENTS
