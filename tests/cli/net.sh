#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# net.sh - the network's host side: command lines, and ports that are taken.
. "$(dirname "$0")/lib.sh"
export SAMARA_QEMU=/bin/true

qemu_says() {
    pattern=$1
    shift
    says "$pattern" run --dry-run --vmm qemu --accel tcg "$@" /bin/true
}
check "none" sh -c "'$SAMARA' run --dry-run --vmm qemu --accel tcg \
    --net none /bin/true | grep -vq netdev"
check "none if nothing is said" sh -c "'$SAMARA' run --dry-run --vmm qemu \
    --accel tcg /bin/true | grep -vq netdev"
check "user" qemu_says \
    "force-legacy=false -netdev user,id=net -device virtio-net-device," \
    --net user
check "a port" qemu_says "hostfwd=tcp:0.0.0.0:42180-10.0.2.15:80 " \
    -p 42180:80
check "a port of one address, UDP" qemu_says \
    "hostfwd=udp:127.0.0.1:42153-10.0.2.15:53 " -p 127.0.0.1:42153:53/udp
check "several" qemu_says "42180-10.0.2.15:80,hostfwd=.*42181-10.0.2.15:81 " \
    -p 42180:80 -p 42181:81/tcp
check "a range" qemu_says "42180-.*:80,hostfwd=.*42182-10.0.2.15:82 " \
    -p 42180-42182:80-82
check "any port" qemu_says "hostfwd=tcp:0.0.0.0:0-10.0.2.15:80 " -p 80
check "any ports of an address" qemu_says \
    "hostfwd=udp:127.0.0.1:0-.*:53,hostfwd=udp:127.0.0.1:0-10.0.2.15:54 " \
    -p 127.0.0.1::53-54/udp
check "IPv6 under QEMU" refuses 125 "forwards no IPv6" run --dry-run \
    --vmm qemu --accel tcg -p '[::1]:42180:80' /bin/true
check "no address of this host" refuses 125 "192.0.2.77:.* no address of" \
    run --vmm qemu --accel tcg -p 192.0.2.77:42180:80 /bin/true

# listener PROTOCOL: takes port 42183 of 127.0.0.1 until its input ends.
listener() {
    python3 -c "
import socket, sys
s = socket.socket(type=socket.SOCK_STREAM if sys.argv[1] == 'tcp' else
                  socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 42183))
sys.argv[1] == 'tcp' and s.listen()
print('ready', flush=True)
sys.stdin.read()" "$1"
}
taken() {
    mkfifo "$T/hold" "$T/ready"
    listener "$1" <"$T/hold" >"$T/ready" &
    exec 8>"$T/hold"
    read -r _ <"$T/ready"
    refuses 125 "$2 port 127.0.0.1:42183 of this host is in use" \
        run --vmm qemu --accel tcg -p "127.0.0.1:42183:80/$1" /bin/true
    result=$?
    exec 8>&-
    wait
    rm "$T/hold" "$T/ready"
    return $result
}
check "a TCP port that is in use" taken tcp TCP
check "a UDP port that is in use" taken udp UDP

if [ -w /dev/kvm ]; then
    check "the monitor gets a socket" says " --net-fd [0-9]* --net-mtu 65520 " \
        run --dry-run --vmm monitor -p 42180:80 /bin/true
    check "no samara-net" env SAMARA_NET=/nowhere/samara-net sh -c "
        '$SAMARA' run -p 42180:80 /bin/true 2>&1 | grep -q SAMARA_NET"
else
    tests=$((tests + 1))
    echo "ok $tests - the monitor gets a socket # SKIP no /dev/kvm"
fi

# samara-net by itself: what the command takes care not to ask of it.
check "samara-net explains itself" sh -c "
    '$B/samara-net' 2>&1 | grep -q 'which starts it'"
finish
