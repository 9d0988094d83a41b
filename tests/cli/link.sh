#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# link.sh - `samara run` under QEMU, with guest.py in QEMU's place.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
printf '#!/bin/sh\nexec python3 %s/guest.py "$@"\n' "$here" >qemu
chmod +x qemu
export SAMARA_QEMU="$T/qemu"
"$SAMARA" build -o p.img /bin/true || exit 1
guest() {
    script=$1
    shift
    GUEST_SCRIPT=$script "$SAMARA" run --vmm qemu --accel tcg "$@" p.img
}

hello() {
    guest hello >out 2>err
    [ $? = 7 ] && [ "$(cat out)" = hello ] && [ "$(cat err)" = "to stderr" ]
}
check "output, errors, status" hello
config() {
    guest config -e A=bcd -w /tmp --read-only >out && grep -q A=bcd out &&
        grep -q /tmp out
}
check "the run configuration arrives" config
cat_back() {
    head -c 3000000 /dev/urandom >data
    guest cat <data >out && cmp data out
}
check "3 MB of input, and its end" cat_back
check "no input at all" sh -c "GUEST_SCRIPT=cat '$SAMARA' run --vmm qemu \
    --accel tcg p.img <&- >out && test ! -s out"
# Two serial lines have no common clock: errors may come late, never early.
order() {
    guest order >both 2>&1
    awk '$1 % 2 { if (++odd * 2 - 1 != $1 || even < odd) bad = 1; next }
        { if (even++ * 2 != $1) bad = 1 }
        END { exit bad || even != 200 || odd != 200 }' both
}
check "errors never before the output that precedes them" order
signals() {
    mkfifo ready
    guest signal >ready &
    pid=$!
    exec 3<ready
    read -r word <&3
    kill -"$1" $pid
    read -r word number <&3
    wait $pid
    status=$?
    exec 3<&-
    rm ready
    [ "$word" = signal ] && [ "$number" = "$2" ] && [ $status = $((128 + $2)) ]
}
# A function in the background is a shell; the signal must meet the command.
guest() {
    script=$1
    shift
    export GUEST_SCRIPT="$script"
    exec_or_run "$SAMARA" run --vmm qemu --accel tcg "$@" p.img
}
exec_or_run() { [ "$GUEST_SCRIPT" = signal ] && exec "$@"; "$@"; }
check "SIGTERM reaches the guest" signals TERM 15
check "SIGUSR1 reaches the guest" signals USR1 10
broken_pipe() {
    { guest flood; echo $? >status; } | head -n 5 >/dev/null
    [ "$(cat status)" = 141 ]
}
check "a closed pipe is SIGPIPE in the guest" broken_pipe
crash() {
    guest crash >out 2>err
    [ $? = 139 ] && grep -q "program died: .\[2J" err &&
        grep -q "start+0x0" err && ! grep -q "$(printf '\033')" err
}
check "a crash is reported, with names, without escapes" crash
failure() {
    guest "$1" >out 2>err
    [ $? = 125 ] && grep -q "$2" err
}
check "a panic" failure panic "report is above"
check "a malformed message" failure rubbish "malformed message"
check "QEMU ends early" failure vanish "QEMU ended before"
lingers() { guest lingers; [ $? = 5 ]; }
check "QEMU that does not end is ended" lingers
stuck() {
    timeout -s INT 2 sh -c "GUEST_SCRIPT=stuck exec '$SAMARA' run \
        --vmm qemu --accel tcg p.img"
    ! pgrep -f "guest.py.*$T" >/dev/null
}
check "Ctrl-C before the guest is up" stuck
finish
