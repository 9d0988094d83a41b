#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# package.sh - --package: which files of dpkg's database an image gets.
#
# The database is one of the test's own; its lists name files below $T, and one
# directory of this host's below /etc.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
export DPKG_ADMINDIR="$T/dpkg"
mkdir -p dpkg/info

# package NAME PATH...: installed, with these files; fields come from stdin.
package() {
    name=$1
    shift
    printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\n' \
        "$name" >>dpkg/status
    cat >>dpkg/status
    echo >>dpkg/status
    { echo /. && printf '%s\n' "$@"; } >"dpkg/info/$name.list"
}

# holds PATTERN, lacks PATTERN: the listed root has such a line, or none.
holds() {
    grep -q -- "$1" files && return 0
    cat files
    return 1
}
lacks() {
    ! holds "$1"
}
list() {
    run 0 inspect --files "$@" /bin/busybox && cp out files
}

mkdir -p d/empty d/data etc && ln -s d link && ln -s nowhere dangling
for f in main data/x data/unlisted dep alt virtual base zones rare two; do
    echo "$f" >d/$f
done
# update-alternatives: the file's name, the link, a second link of it; then what
# there is to choose from.
mkdir -p dpkg/alternatives chosen
alternative() {
    ln -s "$T/chosen/$1" "$T/d/$1-link"
    ln -s "$T/d/$2" "chosen/$1"
    ln -s "$T/chosen/$1-more" "$T/d/$1-more-link"
    ln -s "$T/d/$3" "chosen/$1-more"
    printf '%s\n' auto "$T/d/$1-link" "$1-more" "$T/d/$1-more-link" "" \
        "$T/d/$2" 50 "$T/d/$3" "" >"dpkg/alternatives/$1"
}
alternative first main data/x
alternative second rare unlisted

package main "$T/d" "$T/d/main" "$T/d/empty" "$T/d/data" "$T/d/data/x" \
    "$T/link" "$T/dangling" "$T/gone" /etc/dpkg /usr/share/doc/dpkg <<'END'
Depends: dep (>= 1.0), none | alt:any | rare, what-for [amd64], base, tzdata
Pre-Depends: main
Description: text
 Depends: rare
END
package dep "$T/d/dep" <<'END'
Depends: main
END
package alt "$T/d/alt" </dev/null
package rare "$T/d/rare" </dev/null
package stands-in "$T/d/virtual" <<'END'
Provides: something, what-for (= 3)
END
package base "$T/d/base" <<'END'
Priority: required
END
package tzdata "$T/d/zones" <<'END'
Priority: required
END
package two:i386 "$T/d/nothing" </dev/null
cat >>dpkg/status <<'END'
Package: two
Status: install ok installed
Architecture: amd64

Package: removed
Status: deinstall ok config-files
Architecture: amd64

END
echo "$T/d/two" >dpkg/info/two:amd64.list

check "a package's files" list --package main
check "the file" holds " $T/d/main\$"
check "an empty directory" holds "$T/d/empty\$"
check "a directory's listed file" holds "$T/d/data/x\$"
check "but no other" lacks unlisted
check "a link to a directory, not what it shows" lacks "$T/d/rare"
check "what it depends on" holds "$T/d/dep\$"
check "the first alternative that is there" holds "$T/d/alt\$"
check "one that stands for a name" holds "$T/d/virtual\$"
check "not what every system has" lacks "$T/d/base\$"
check "but for the time zones" holds "$T/d/zones\$"
check "its configuration as a whole" holds "/etc/dpkg/dpkg.cfg\$"
check "the alternatives that it is" holds "$T/d/first-link -> $T/chosen/first\$"
check "by the links between" holds "$T/chosen/first -> $T/d/main\$"
check "and what belongs to them" holds "$T/d/first-more-link ->"
check "no others" lacks second
check "no manuals" lacks "/usr/share/doc"
check "this host's accounts" holds "/etc/passwd\$"
check "a package for several architectures" list --package two
check "has its files" holds "$T/d/two\$"
check "what every system has, when named" list --package base
check "has them" holds "$T/d/base\$"
package other /etc/dpkg </dev/null
check "a configuration of two packages" list --package main
check "is no package's own" lacks "/etc/dpkg/dpkg.cfg\$"
check "one that is not installed" refuses 125 "'none' is not installed" \
    inspect --package none /bin/busybox
check "one that was removed" refuses 125 "'removed' is not installed" \
    inspect --package removed /bin/busybox
check "a path" refuses 125 "no package's name" \
    inspect --package ./x.deb /bin/busybox
rm dpkg/info/alt.list
check "a list that is lost" refuses 125 "alt:amd64.list" \
    inspect --package main /bin/busybox
export DPKG_ADMINDIR="$T/none"
check "no packages here" refuses 125 "no packages of Debian's" \
    inspect --package main /bin/busybox
check "an image is complete" run 0 build -o image /bin/busybox
check "no package into it" refuses 125 "complete as it is" \
    run --package main ./image
finish
