# SPDX-License-Identifier: BSD-2-Clause
# program.tcl - Tcl: recursion, dictionaries, files, regular expressions,
# coroutines, events, dates. Argument 1 is the size.
set n [lindex $argv 0]
proc fib n { expr {$n < 2 ? $n : [fib [expr {$n-1}]] + [fib [expr {$n-2}]]} }
puts "fib [fib 18]"
set d [dict create]
for {set i 0} {$i < $n*100} {incr i} { dict set d [expr {$i*7919 % 1009}] [string repeat x [expr {$i % 50}]] }
puts "dict [dict size $d] [string length [join [dict values $d] {}]]"
set f [open tcl.data w+]; for {set i 0} {$i<$n*50} {incr i} { puts $f "line $i" }; seek $f 0
set c 0; while {[gets $f l]>=0} { if {[regexp {^line (\d*7)$} $l -> k]} {incr c} }; close $f; puts "lines $c [file size tcl.data]"; file delete tcl.data
coroutine gen apply {n {yield; for {set i 0} {$i<$n} {incr i} {yield $i}}} $n
set s 0; for {set i 0} {$i<$n} {incr i} {incr s [gen]}; puts "coroutine $s"
after 10 {set done 1}; vwait done
puts [clock format 951782400 -gmt 1 -format "%A %d %B %Y"]
puts [expr {2**200}]
