#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# completion.sh - bash's completion knows verbs and options; each verb has a
# page of the manual that tells of its options.
. "$(dirname "$0")/lib.sh"

# completes PATTERN WORD...: the last word is the one to complete.
completes() {
    pattern=$1
    shift
    PATH="$(dirname "$SAMARA"):$PATH" bash -c '
        . "$0"
        COMP_WORDS=(samara "$@")
        COMP_CWORD=$#
        _samara
        echo ${COMPREPLY[@]}' "$here/../../docs/completion/samara" "$@" \
        >"$T/out"
    grep -qx -- "$pattern" "$T/out" && return 0
    cat "$T/out"
    return 1
}

# Each verb has a page of the manual, which tells of all its options. The last
# two are told of in samara.1.
every_verb_has_a_page() {
    man=$here/../../docs/man
    for verb in $("$SAMARA" help | sed -n 's/^  \([a-z]\+\)  .*/\1/p'); do
        page=$man/samara-$verb.1
        case $verb in version | help) page=$man/samara.1 ;; esac
        [ -f "$page" ] || {
            echo "no page for the verb $verb"
            return 1
        }
        so=$(sed -n 's/^\.so man1/./p' "$page")
        sed 's/\\-/-/g' "$man/${so:-${page##*/}}" >"$T/page"
        for option in $("$SAMARA" help $verb | grep -o -- '^ .* --[a-z-]*' |
            grep -o -- '--[a-z-]*'); do
            grep -q -- "fB$option\\\\fR" "$T/page" || {
                echo "samara-$verb.1 does not tell of $option"
                return 1
            }
        done
    done
}

check "verbs" completes "run rename rm" r
check "a verb" completes "inspect" ins
check "options of a verb" completes "--read-only --root --rm" run --r
check "options of no verb" completes "" nosuch --r
check "verbs to help with" completes "ps port profile pcap pause prune" help p
check "packages" completes "dpkg dpkg-dev" run --package dpk
check "verbs and options in the manual" every_verb_has_a_page
finish
