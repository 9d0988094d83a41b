#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# options.sh - verbs and options: what is taken, what is refused, and how.
. "$(dirname "$0")/lib.sh"

check "no verb" refuses 125 "samara help"
check "unknown verb" refuses 125 "unknown verb 'fly'" fly
check "help" says "inspect" help
check "--help" says "inspect" --help
check "help of a verb" says "--read-only" help run
check "--help of a verb" says "--output" build --help
check "help of no verb" refuses 125 "no verb 'fly'" help fly
check "version" says "^samara [0-9]" version
check "--version" says "^samara [0-9]" --version

check "no source" refuses 125 "which program" run
check "a verb of containers" refuses 125 "no verb 'exec': a guest has one" \
    exec web sh
check "unknown letter" refuses 125 "unknown option '-Q'" run -Q /bin/true
check "unknown word" refuses 125 "unknown option '--fly'" run --fly /bin/true
check "value missing" refuses 125 "-m needs a value" run -m
check "value too much" refuses 125 "takes no value" run --read-only=1 x
check "memory: not a size" refuses 125 "not a size" run -m lots /bin/true
check "memory: no unit" refuses 125 "give a unit" run -m 64 /bin/true
check "memory: too much" refuses 125 "of memory" run -m 9000G /bin/true
check "memory: overflow" refuses 125 "not a size" \
    run -m 99999999999999999999999 /bin/true
check "cpus" refuses 125 "from 1 to 8" run --cpus 9 /bin/true
check "variable without a name" refuses 125 "no name" run -e =x /bin/true
check "relative directory" refuses 125 "not absolute" run -w tmp /bin/true
check "unknown machine" refuses 125 "'xen' is unknown" run --vmm xen /bin/true
check "unknown accelerator" refuses 125 "'hvf' is unknown" \
    run --accel hvf /bin/true
check "monitor and tcg" refuses 125 "choose --vmm qemu" \
    run --vmm monitor --accel tcg /bin/true
check "hostname too long" refuses 125 "hostname" \
    run --hostname "$(printf %070d 0)" /bin/true
check "hostname with a blank" refuses 125 "blank" \
    run --hostname "a b" /bin/true
check "ulimit: unknown" refuses 125 "names no limit" \
    run --ulimit files=1 /bin/true
check "ulimit: not a number" refuses 125 "with numbers" \
    run --ulimit nofile=1k /bin/true
check "ulimit: soft above hard" refuses 125 "above" \
    run --ulimit nofile=300:200 /bin/true
check "dns: a name" refuses 125 "--dns: 'ns' is no IP address" \
    run --dns ns /bin/true
check "add-host: no address" refuses 125 "not NAME:IP" \
    run --add-host db /bin/true
check "add-host: a name as address" refuses 125 "no IP address" \
    run --add-host db:other /bin/true
check "ip: not an address" refuses 125 "no address of a host" \
    run --ip 10.0.0.2/40 /bin/true
check "ip: twice" refuses 125 "second IPv4 address" \
    run --ip 10.0.0.2 --ip 10.0.0.3 /bin/true
check "ip without a network" refuses 125 "no network" \
    run --ip 10.0.0.2 --vmm qemu --dry-run /bin/true
check "gateway without ip" refuses 125 "needs the guest's own" \
    run --gateway 10.0.0.1 /bin/true
check "gateway of another network" refuses 125 "not in the network" \
    run --ip 10.0.0.2 --gateway 10.0.1.1 /bin/true
check "build takes them, too" refuses 125 "no IP address" \
    build --dns ns /bin/true
check "no port" refuses 125 "a port that is not from 1" run -p http /bin/true
check "port 0" refuses 125 "from 1 to 65535" run -p 0:80 /bin/true
check "port too large" refuses 125 "from 1 to 65535" run -p 8080:65536 /bin/true
check "port of letters" refuses 125 "from 1 to 65535" run -p http:80 /bin/true
check "port without digits" refuses 125 "from 1 to 65535" run -p 8080: /bin/true
check "no protocol" refuses 125 "neither /tcp nor /udp" \
    run -p 8080:80/sctp /bin/true
check "address of a port" refuses 125 "no IP address" \
    run -p localhost:8080:80 /bin/true
check "IPv6 without brackets" refuses 125 "no IP address" \
    run -p ::1:8080:80 /bin/true
check "ranges that differ" refuses 125 "different lengths" \
    run -p 8000-8002:80-81 /bin/true
check "range backwards" refuses 125 "from 1 to 65535" \
    run -p 8002-8000:80-82 /bin/true
check "too many ports" refuses 125 "at most 1024" \
    run -p 1000-3000:1000-3000 /bin/true
check "a port twice" refuses 125 "127.0.0.1:8080 is given twice" \
    run -p 127.0.0.1:8080:80 -p 8081:81 -p 127.0.0.1:8080:82/tcp /bin/true
check "a port of all addresses and of one" refuses 125 \
    "0.0.0.0:8080 and 127.0.0.1:8080 are the same port" \
    run -p 8080:80 -p 127.0.0.1:8080:81 /bin/true
check "a port of one address and of all" refuses 125 \
    "\[::1\]:8080 and \[::\]:8080 are the same port" \
    run -p '[::1]:8080:80/udp' -p 8080:80/udp -p '[::]:8080:81/udp' /bin/true
check "ports without a network" refuses 125 "leave one of them out" \
    run --net none -p 8080:80 /bin/true
check "ports of a tap" refuses 125 "leave -p out" \
    run --net tap:x -p 8080:80 /bin/true
check "an address of one's own in user mode" refuses 125 "goes with --net tap" \
    run -p 8080:80 --ip 10.0.2.16 /bin/true
check "unknown network" refuses 125 "'bridge' is unknown" \
    run --net bridge /bin/true
check "tap without a name" refuses 125 "name of an interface" \
    run --net tap: /bin/true
check "no such tap" refuses 125 "no interface 'samara-no-tap'; make it with" \
    run --net tap:samara-no-tap /bin/true
check "no tap, but an interface" refuses 125 "is no tap\|/dev/net/tun" \
    run --net tap:lo /bin/true
check "empty output" refuses 125 "needs a file name" build -o "" /bin/true

# A stand-in for QEMU is enough for --dry-run.
export SAMARA_QEMU=/bin/true
dry() {
    pattern=$1
    shift
    says "$pattern" run --dry-run --vmm qemu --accel tcg "$@"
}
check "dry run names the machine" dry "^/bin/true -M microvm" /bin/true
check "joined letter and value" dry " -m [0-9]*K " -m64M /bin/true
check "long option with =" dry " -m [0-9]*K " --memory=64M /bin/true
check "options end at the source" dry microvm /bin/true --no-such-option
check "-- ends the options" dry microvm -- /bin/true
check "--rm, --cpus 1 are taken" dry microvm --rm --cpus=1 /bin/true
check "--cpus" dry " -smp 3 " --cpus 3 /bin/true

# verb options...: they may stand behind the guest, whom nobody knows.
behind() {
    verb=$1
    shift
    refuses 125 "no guest has the name or id 'nobody'" "$verb" nobody "$@"
}
export XDG_RUNTIME_DIR="$T"
for words in "pcap -w $T/f" "trace -c" "logs -f -n 3" "stop -t 1" \
    "kill -s INT" "stats --json" "core -o $T/f" "attach --no-stdin" \
    "profile --kernel" "rm -f" "gdbserver --pipe"; do
    check "options behind the guest: $words" behind $words
done
check "unknown option behind the guest" refuses 125 "unknown option '--nix'" \
    trace nobody --nix
check "a guest's name behind --" refuses 125 "name or id '-c'" trace -- -c

monitor_line() {
    run 0 build -o "$T/true.img" /bin/true || return 1
    SAMARA_MONITOR="$T/mon itor's" run 0 run --dry-run --vmm monitor -m 1M \
        "$T/true.img" || return 1
    eval "set -- $(cat "$T/out")" # as a shell reads it
    [ "$1 $2 $3 $4 $6" = \
        "$T/mon itor's -m 1048576 --config-fd $T/true.img" ] && return 0
    cat "$T/out"
    return 1
}
printf '#!/bin/sh\nexit 0\n' >"$T/mon itor's"
chmod +x "$T/mon itor's"
if [ -w /dev/kvm ]; then
    check "dry run quotes for a shell" monitor_line
else
    tests=$((tests + 1))
    echo "ok $tests - dry run quotes for a shell # SKIP no /dev/kvm"
    check "monitor without KVM" refuses 125 "/dev/kvm" \
        run --vmm monitor /bin/true
fi
check "no QEMU" env SAMARA_QEMU=/nowhere/qemu sh -c "
    '$SAMARA' run --vmm qemu /bin/true 2>&1 | grep -q 'install the package'"
finish
