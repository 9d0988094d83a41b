#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# completion.sh - bash's completion knows verbs and options; each verb has a
# manual page.
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

every_verb_has_a_page() {
    for verb in $("$SAMARA" help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
        grep -q "samara $verb\|| $verb\|BR.*\" $verb\|\" | $verb" \
            "$here/../../docs/man/samara.1" || {
            echo "samara.1 does not name the verb $verb"
            return 1
        }
    done
}

check "verbs" completes "run rename rm" r
check "a verb" completes "inspect" ins
check "options of a verb" completes "--read-only --root --rm" run --r
check "options of no verb" completes "" nosuch --r
check "verbs to help with" completes "ps profile pcap pause prune" help p
check "verbs in the manual" every_verb_has_a_page
finish
