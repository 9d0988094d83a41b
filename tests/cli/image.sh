#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# image.sh - image files: contents, reproducibility, damage, the cache.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
export SAMARA_QEMU=/bin/true

check "build" run 0 build -o one.img -e A=1 -w /tmp --hostname box \
    /bin/busybox echo "two words"
check "inspect: program" says "program *.*/bin/busybox" inspect one.img
check "inspect: arguments" says "two words" inspect one.img
check "inspect: environment" says "A=1" inspect one.img
check "inspect: directory" says "directory *./tmp" inspect one.img
check "inspect: host name" says "hostname *.box" inspect one.img
json() {
    run 0 inspect --json --files "$1" && python3 -m json.tool <"$T/out"
}
check "inspect: JSON of an image" json one.img
check "inspect: JSON of a program" json /bin/bash
check "inspect: files" says "^files *[dl]rwx.* /" inspect --files one.img
check "inspect: a link" says "/etc/mtab -> ../proc/self/mounts" \
    inspect --files one.img
check "inspect: a file" says "-rwx.* 0 *0 *$(stat -L -c %s /bin/busybox) .*/busybox" \
    inspect --files one.img

sleep 1
check "build again" run 0 build -o two.img -e A=1 -w /tmp --hostname box \
    /bin/busybox echo "two words"
check "same input, same bytes" cmp one.img two.img

# --- readelf's view ---
loads() { readelf -lW one.img | grep LOAD; }
aligned() {
    loads | while read -r _ _ _ pa _; do
        [ $((pa % 4096)) = 0 ] || exit 1
    done
    # What is mapped: text and root.
    loads | sed -n '1p;3p' | while read -r _ off _; do
        [ $((off % 4096)) = 0 ] || exit 1
    done
}
check "four segments" test "$(loads | wc -l)" = 4
check "all on page boundaries" aligned
check "the PVH note" sh -c "readelf -nW one.img | grep -q Xen"
check "the build-id" sh -c "readelf -nW one.img | grep -q 'Build ID'"
check "symbols" sh -c "readelf -sW one.img | grep -q start"
check "readelf finds nothing odd" sh -c "! readelf -aW one.img 2>&1 |
    grep -qi 'warning\|error'"

# --- a small image: once more in low memory ---
printf '.globl _start\n_start: mov $60, %%eax\nxor %%edi, %%edi\nsyscall\n' |
    ${CC:-gcc} -nostdlib -static -x assembler - -o least
check "build a small one" run 0 build -o least.img ./least
least() { readelf -lW least.img | grep LOAD; }
copies() {
    least | head -4 >high && least | tail -4 >low &&
        while read -r _ off _ pa file mem _ <&3 &&
            read -r _ low_off _ low_pa low_file low_mem _ <&4; do
            [ "$off $file $mem" = "$low_off $low_file $low_mem" ] &&
                [ $((pa - low_pa)) = $((0xf0000)) ] || exit 1
        done 3<high 4<low
}
check "nine segments" test "$(least | wc -l)" = 9
check "the last four are copies" copies
check "the entry is in the fifth" sh -c "readelf -nW least.img |
    grep -q '00 08 09 00'"
check "readelf finds nothing odd in it" sh -c "! readelf -aW least.img 2>&1 |
    grep -qi 'warning\|error'"
check "it can be inspected" says "program *.*least" inspect least.img

# --- the root, byte for byte ---
extract() {
    set -- $(loads | sed -n 3p)
    dd if=one.img of=root.erofs bs=4096 skip=$(($2 / 4096)) \
        count=$(($5 / 4096)) status=none
    fsck.erofs --extract=root root.erofs >/dev/null 2>&1
    cmp root/usr/bin/busybox /bin/busybox 2>/dev/null ||
        cmp root/bin/busybox /bin/busybox
}
check "the program comes out as it went in" extract
check "mount points" test -d root/proc -a -d root/sys -a -d root/dev
check "/tmp is for all" test -k root/tmp
check "/etc/passwd" grep -q ^root: root/etc/passwd

# --- damage: refused, never believed ---
damage() {
    cp one.img bad.img
    chmod +x bad.img
    printf "$2" | dd of=bad.img bs=1 seek="$1" conv=notrunc 2>/dev/null
    refuses 126 "'./bad.img' is damaged" run --dry-run ./bad.img
}
damage_low() {
    cp least.img bad.img
    chmod +x bad.img
    printf '\377' | dd of=bad.img bs=1 seek=$((64 + $1 * 56 + $2)) \
        conv=notrunc 2>/dev/null
    refuses 126 "not a copy" run --dry-run ./bad.img
}
for len in 4096 8192 20480 1000000; do
    head -c $len one.img >bad.img
    check "truncated to $len bytes" refuses 126 "truncated" run ./bad.img
done
check "kernel magic" damage 1048 'XXXX'
check "another kernel ABI" sh -c "cp one.img abi.img; printf '\011' |
    dd of=abi.img bs=1 seek=1056 conv=notrunc 2>/dev/null
    '$SAMARA' run ./abi.img 2>&1 | grep -q 'ABI 9'"
check "text length" damage 1060 '\377\377\377\377'
check "segment offset" damage $((64 + 2 * 56 + 8)) '\377\377\377\377\377'
check "segment length" damage $((64 + 2 * 56 + 32)) '\377\377\377\377\377'
set -- $(loads | sed -n 3p)
check "EROFS magic" damage $(($2 + 1024)) 'XXXX'
for number in 4 5 8; do
    for field in 9 25 33 41; do # offset, address, lengths
        check "low segment $number, byte $field" damage_low $number $field
    done
done
set -- $(loads | sed -n 4p)
config=$(($2))
bad_config() {
    cp one.img bad.img
    printf "$2" | dd of=bad.img bs=1 seek=$((config + $1)) conv=notrunc \
        2>/dev/null
    refuses 125 "configuration is damaged" run ./bad.img
}
check "configuration: magic" bad_config 0 'XXXX'
check "configuration: length" bad_config 8 '\377\377\377\377'
check "configuration: a record's length" bad_config 20 '\377\377\377\377'
check "options that come too late" refuses 125 "samara build" \
    run --add /etc/hosts one.img
check "a kernel is no image" refuses 125 "without a program" \
    run "$SAMARA_KERNEL"
check "an image of an image" refuses 125 "image already" build -o x one.img

# --- writing ---
check "no such directory" refuses 125 "cannot create" \
    build -o gone/x.img /bin/true
check "not over a device" refuses 125 "not a regular file" \
    build -o /dev/null /bin/true
check "no mkfs.erofs" env SAMARA_MKFS_EROFS=/bin/false sh -c "
    ! '$SAMARA' build -o fail.img /bin/true 2>/dev/null && ! test -e fail.img"
nothing_left() { [ -z "$(find . "$T/cache" -name '*tmp-*' 2>/dev/null)" ]; }
check "no temporary files are left" nothing_left
full_disk() {
    (
        ulimit -f 100 # blocks of 512 bytes: 50 KB
        trap '' XFSZ
        "$SAMARA" build -o full.img /bin/busybox 2>"$T/err"
    ) && return 1
    ! test -e full.img && grep -q "cannot write\|failed on" "$T/err" &&
        nothing_left
}
check "a disk that fills up leaves nothing" full_disk
if [ "$(id -u)" = 0 ] && mkdir small &&
    mount -t tmpfs -o size=1m none small 2>/dev/null; then
    check "a full disk is called so" sh -c "
        ! XDG_CACHE_HOME=$T/small '$SAMARA' run --dry-run --vmm qemu \
            /bin/busybox 2>err && grep -q 'disk is full' err"
    check "and is empty again" test -z "$(find small -name '*tmp*')"
    umount small
fi

# --- the cache ---
cached() { find "$T/cache/samara" -name '*.img' | wc -l; }
dry() { run 0 run --dry-run --vmm qemu --accel tcg "$@"; }
cp /bin/busybox prog
rm -rf "$T/cache"
check "first run" dry ./prog
check "second run" dry ./prog one two
check "one entry" test "$(cached)" = 1
touch -d "2001-01-01" prog
homeless() {
    env -u XDG_CACHE_HOME HOME=/proc/nobodys "$SAMARA" run --dry-run \
        --vmm qemu --accel tcg ./prog
}
someone_elses() {
    chmod 0777 "$spare"
    ! homeless 2>err && grep -q "not a directory of yours" err
}
spare=/tmp/samara-$(id -u)
if [ ! -e "$spare" ]; then
    check "a home that is not there" homeless
    check "an image in its place" test -n "$(find "$spare" -name '*.img')"
    check "which others must not write into" someone_elses
    rm -rf "$spare"
fi
check "a changed file" dry ./prog
check "two entries" test "$(cached)" = 2
hurt() {
    for f in "$T"/cache/samara/*.img; do head -c 5000 /dev/zero >"$f"; done
    dry ./prog && "$SAMARA" inspect "$(sed 's/.*-kernel \([^ ]*\) .*/\1/' \
        "$T/out")"
}
check "a damaged entry is made again" hurt
at_once() {
    rm -rf "$T/cache"
    for i in 1 2 3 4; do
        "$SAMARA" run --dry-run --vmm qemu --accel tcg ./prog >"out$i" 2>&1 &
    done
    wait
    [ "$(cached)" = 1 ] && nothing_left &&
        for i in 1 2 3 4; do grep -q microvm out$i || return 1; done
}
check "four at once" at_once
limited() {
    touch -a -d "1 hour ago" "$T"/cache/samara/*.img
    touch prog
    SAMARA_CACHE_SIZE=1M dry ./prog && [ "$(cached)" = 1 ]
}
check "the oldest go beyond the limit" limited
dead="$T/cache/samara/tmp-999999999-$(stat -Lc %i /proc/self/ns/pid)-abc"
elsewhere="$T/cache/samara/tmp-999999999-1-abc"
old="$T/cache/samara/tmp-999999998-1-abc"
mkdir "$dead" "$elsewhere" "$old"
touch -d 2002-02-02 prog "$old"
check "leftovers of the dead go" sh -c "'$SAMARA' run --dry-run --vmm qemu \
    --accel tcg ./prog && ! test -e '$dead' && ! test -e '$old'"
check "what another container builds stays" test -e "$elsewhere"
finish
