// SPDX-License-Identifier: BSD-2-Clause

// calls_c.go - Go with cgo: calls into C and back from many goroutines, C
// threads that call Go, C memory. Argument 1 is the size; "crash" lets C write
// through a null pointer.
package main

/*
#cgo LDFLAGS: -lpthread
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern void goAdd(uintptr_t n);

static int sum(const int *p, int n)
{
	int s = 0;
	for (int i = 0; i < n; i++)
		s += p[i];
	return s;
}

static void call_back(int n)
{
	for (int i = 0; i < n; i++)
		goAdd((uintptr_t)i);
}

static void *thread_main(void *n)
{
	call_back((int)(intptr_t)n);
	return NULL;
}

static int run_thread(int n)
{
	pthread_t t;
	if (pthread_create(&t, NULL, thread_main, (void *)(intptr_t)n))
		return 0;
	return pthread_join(t, NULL) == 0;
}

static int fail(int n)
{
	errno = n;
	return -1;
}

static void crash(void)
{
	*(volatile int *)0 = 1;
}
*/
import "C"

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

var added uint64

//export goAdd
func goAdd(n C.uintptr_t) {
	atomic.AddUint64(&added, uint64(n))
}

func main() {
	size := 1
	if len(os.Args) > 1 && os.Args[1] == "crash" {
		fmt.Println("about to crash")
		C.crash()
	} else if len(os.Args) > 1 {
		size, _ = strconv.Atoi(os.Args[1])
	}
	var group sync.WaitGroup
	var total int64
	for g := 0; g < 20; g++ {
		group.Add(1)
		go func(g int) {
			defer group.Done()
			for i := 0; i < size*2; i++ {
				n := i%100 + 1
				p := (*C.int)(C.malloc(C.size_t(n) * C.sizeof_int))
				s := unsafe.Slice(p, n)
				for k := range s {
					s[k] = C.int(k + g)
				}
				atomic.AddInt64(&total, int64(C.sum(p, C.int(n))))
				C.free(unsafe.Pointer(p))
			}
			if g%5 == 0 {
				runtime.GC()
				C.call_back(C.int(size))
			}
		}(g)
	}
	group.Wait()
	fmt.Println("sums:", total, "from C:", added)
	threads := 0
	for i := 0; i < 8; i++ {
		threads += int(C.run_thread(C.int(size)))
	}
	fmt.Println("threads:", threads, "from C:", added)
	_, err := C.fail(C.int(syscall.ENOTDIR))
	fmt.Println("errno:", err)
	text := C.CString("a string of C")
	defer C.free(unsafe.Pointer(text))
	fmt.Println(C.GoString(text), C.strlen(text))
	me, err := user.LookupId("0")
	fmt.Println(me != nil && me.Username == "root", err)
}
