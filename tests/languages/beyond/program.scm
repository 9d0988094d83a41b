;; SPDX-License-Identifier: BSD-2-Clause
;; program.scm - Guile: threads, mutexes, the collector, files, regular
;; expressions, exceptions. Argument 1 is the size.
(use-modules (ice-9 threads) (ice-9 regex) (srfi srfi-1) (ice-9 rdelim) (ice-9 futures))
(define n (string->number (cadr (command-line))))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(format #t "fib ~a~%" (fib 20))
(define m (make-mutex)) (define total 0)
(define ts (map (lambda (i) (call-with-new-thread (lambda () (do ((k 0 (1+ k))) ((= k (* n 20))) (with-mutex m (set! total (+ total i))))))) (iota 6)))
(for-each join-thread ts)
(format #t "threads ~a~%" total)
(define v (let loop ((i 0) (l '())) (if (= i (* n 1000)) l (loop (1+ i) (if (zero? (modulo i 100)) (cons (make-vector 50 i) l) l)))))
(format #t "collector ~a~%" (length v))
(call-with-output-file "guile.data" (lambda (p) (do ((i 0 (1+ i))) ((= i (* n 50))) (format p "line ~a~%" i))))
(format #t "lines ~a~%" (call-with-input-file "guile.data" (lambda (p) (let loop ((c 0)) (let ((l (read-line p))) (if (eof-object? l) c (loop (if (string-match "^line [0-9]*7$" l) (1+ c) c))))))))
(delete-file "guile.data")
(format #t "~a ~a~%" (strftime "%A %d %B %Y" (gmtime 951782400)) (expt 2 200))
(format #t "caught ~a~%" (catch #t (lambda () (vector-ref (vector 1) 5)) (lambda (k . a) k)))
