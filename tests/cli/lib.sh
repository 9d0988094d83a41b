# SPDX-License-Identifier: BSD-2-Clause
# lib.sh - what the command's tests share. Source it; then ok/nok print TAP.
#
# B is the build directory (default: build). The tests pack the kernel of
# kernel.S, which is enough for everything but running, so they need no KVM,
# no QEMU and no real kernel.

here=$(cd "$(dirname "$0")" && pwd)
B=${B:-$here/../../build}
SAMARA=$(cd "$B" && pwd)/samara
T=$(mktemp -d "${TMPDIR:-/tmp}/samara-cli.XXXXXX")
trap 'rm -rf "$T"' EXIT
trap 'exit 1' INT TERM
export XDG_CACHE_HOME="$T/cache"
export LC_ALL=C
unset SAMARA_MONITOR SAMARA_QEMU SAMARA_MKFS_EROFS SAMARA_CACHE_SIZE
export SAMARA_KERNEL="$T/kernel.elf"
${CC:-gcc} -nostdlib -static -Wl,-T,"$here/kernel.ld",-z,noexecstack \
    -Wl,--build-id=none,-z,max-page-size=4096 "$here/kernel.S" \
    -o "$SAMARA_KERNEL" || exit 1
tests=0
failures=0

# check NAME COMMAND...: passes when the command succeeds.
check() {
    name=$1
    shift
    tests=$((tests + 1))
    if "$@" >"$T/check.out" 2>&1; then
        echo "ok $tests - $name"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $name"
        sed 's/^/# /' "$T/check.out"
    fi
}

# run STATUS ARG...: the command ends with this status; out and err are kept.
run() {
    want=$1
    shift
    "$SAMARA" "$@" >"$T/out" 2>"$T/err" </dev/null
    got=$?
    [ "$got" = "$want" ] && return 0
    echo "status $got, not $want: samara $*"
    cat "$T/out" "$T/err"
    return 1
}

# refuses STATUS PATTERN ARG...: fails so, with one line that has the pattern.
refuses() {
    status=$1
    pattern=$2
    shift 2
    run "$status" "$@" || return 1
    if [ "$(wc -l <"$T/err")" != 1 ]; then
        echo "not one line:"
        cat "$T/err"
        return 1
    fi
    grep -q -- "^samara: .*$pattern" "$T/err" && return 0
    echo "no '$pattern' in:"
    cat "$T/err"
    return 1
}

# says PATTERN ARG...: succeeds, and its output has the pattern.
says() {
    pattern=$1
    shift
    run 0 "$@" || return 1
    grep -q -- "$pattern" "$T/out" "$T/err" && return 0
    echo "no '$pattern' in:"
    cat "$T/out" "$T/err"
    return 1
}

finish() {
    echo "1..$tests"
    [ "$failures" = 0 ]
}
