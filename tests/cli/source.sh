#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# source.sh - which files a SOURCE brings in, and bad sources.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

# --- bad sources: the status that a shell would give ---
echo "just text" >text
chmod +x text
echo "not executable" >plain
head -c 100 /bin/busybox >short
head -c 3000 /bin/bash >cut
chmod +x short cut
cp /bin/busybox arm
printf '\267' | dd of=arm bs=1 seek=18 conv=notrunc 2>/dev/null
cp /bin/busybox bits32
printf '\001' | dd of=bits32 bs=1 seek=4 conv=notrunc 2>/dev/null
check "not there" refuses 127 "not found" run ./nothing
check "not in PATH" refuses 127 "not found in PATH" run no-such-program
check "a volume of docker's" refuses 127 "by --add PATH:DEST" \
    run -v /tmp:/data true
check "here, but not in PATH" refuses 127 "./plain" run plain
check "a directory" refuses 126 "is a directory" run /etc
check "not executable" refuses 126 "chmod +x" run ./plain
check "not a program" refuses 126 "is not a program" run ./text
check "truncated header" refuses 126 "damaged" run ./short
check "truncated program" refuses 126 "truncated" run ./cut
check "another processor" refuses 126 "64-bit ARM" run ./arm
check "32 bits" refuses 126 "x86-64" run ./bits32
cp /lib/x86_64-linux-gnu/libz.so.1 libz.so
chmod +x libz.so
check "a library" refuses 126 "not a program" run ./libz.so
printf '#!/no/such/interpreter -x\n' >script
chmod +x script
check "a script's interpreter is missing" refuses 127 \
    "/no/such/interpreter" run ./script
printf '#!%s/loop\n' "$T" >loop
chmod +x loop
check "a script that interprets itself" refuses 125 "scripts name" run ./loop

# --- missing parts ---
echo 'int f(void) { return 1; }' >f.c
echo 'int f(void); int main(void) { return f(); }' >main.c
gcc -shared -fPIC -Wl,-soname,libf-test.so.1 f.c -o libf-test.so.1
gcc main.c ./libf-test.so.1 -o needs
check "a missing library is named" refuses 127 "libf-test.so.1.*--add" \
    run ./needs
check "--add gives it" says "/usr/lib/libf-test.so.1" inspect --files \
    --add "$T/libf-test.so.1:/usr/lib/libf-test.so.1" ./needs
mkdir -p app/lib app/bin
cp libf-test.so.1 app/lib
gcc main.c ./libf-test.so.1 '-Wl,-rpath,$ORIGIN/../lib' -o app/bin/needs
check "\$ORIGIN in a run path" says "$T/app/.*libf-test.so.1" \
    inspect ./app/bin/needs
ln -s app/bin/needs link
check "\$ORIGIN follows the link" says "$T/app/.*libf-test.so.1" inspect ./link
gcc main.c ./libf-test.so.1 -Wl,--dynamic-linker=/lib/no-ld.so.9 -o loader
check "a missing loader is named" refuses 127 "/lib/no-ld.so.9" run ./loader
check "--add of nothing" refuses 125 "--add ./gone" run --add ./gone /bin/true

# --- what is packed ---
files() {
    pattern=$1
    shift
    says "$pattern" inspect --files "$@"
}
lacks() {
    pattern=$1
    shift
    ! says "$pattern" inspect --files "$@"
}
check "static: itself" files "/usr/bin/busybox$\|/bin/busybox$" /bin/busybox
check "dynamic: its loader's link" files "ld-linux-x86-64.so.2" /bin/bash
check "dynamic: its C library" files "libc.so.6" /bin/bash
check "symbolic links stay" files "sh -> " /bin/sh
check "terminal descriptions" files "terminfo" /bin/bash
check "python's modules" files "python3.*/json/__init__.py" /usr/bin/python3
check "python's C modules' libraries" files "libsqlite3" /usr/bin/python3
check "perl's modules" files "strict.pm" /usr/bin/perl
printf '#!/usr/bin/env perl\nprint 1;\n' >script
check "nginx's configuration" files "/etc/nginx/nginx.conf" /usr/sbin/nginx
check "a place for nginx's logs" files "/var/log/nginx$" /usr/sbin/nginx
check "yet none of this machine's" lacks "/var/log/nginx/" /usr/sbin/nginx
check "a script brings its interpreter" files "bin/perl" ./script
check "a script is packed itself" files "$T/script" ./script
check "a script's words" says "script" inspect ./script
mkdir -p data/deep
echo x >data/deep/file
check "--add of a directory" files "$T/data/deep/file" --add data /bin/true
check "--add elsewhere" files "/srv/deep/file" --add data:/srv /bin/true

# What lies beside a run time counts, not what lies beside a link to it.
mkdir -p jdk/bin jdk/lib elsewhere/bin elsewhere/lib
cp /bin/busybox jdk/bin/java
echo x >jdk/lib/modules
echo x >elsewhere/lib/unrelated
ln -s "$T/jdk/bin/java" elsewhere/bin/java
check "java's modules" files "$T/jdk/lib/modules" elsewhere/bin/java
check "nothing from beside a link" lacks "unrelated" elsewhere/bin/java

# --- --root ---
mkdir -p root/bin root/usr/bin
cp /bin/busybox root/usr/bin/busybox
ln -s /usr/bin/busybox root/bin/sh
check "--root: absolute link inside" files "/usr/bin/busybox" \
    --root root /bin/sh
check "--root: along the guest's PATH" says "program *./usr/bin/busybox" \
    inspect --root root busybox
check "--root: not there" refuses 127 "inside 'root'" run --root root /bin/ls
check "--root: no directory" refuses 125 "not a directory" \
    run --root plain /bin/ls
finish
