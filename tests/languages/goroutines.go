// SPDX-License-Identifier: BSD-2-Clause

// goroutines.go - Go: 10,000 goroutines, channels, select, timers, the
// collector under pressure, faults that are recovered, JSON, regular
// expressions, files. Argument 1 is the size; "crash" dereferences nil.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A chain of n goroutines: each adds one to what comes from its right.
func chain(n int) int {
	left := make(chan int)
	first := left
	for i := 0; i < n; i++ {
		right := make(chan int)
		go func(l, r chan int) { l <- 1 + <-r }(left, right)
		left = right
	}
	go func() { left <- 1 }()
	return <-first
}

func workers(size int) {
	jobs, results := make(chan int, 8), make(chan uint32, 8)
	var group sync.WaitGroup
	for w := 0; w < 16; w++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for job := range jobs {
				results <- crc32.ChecksumIEEE([]byte(strconv.Itoa(job)))
			}
		}()
	}
	go func() {
		for i := 0; i < size*50; i++ {
			jobs <- i
		}
		close(jobs)
		group.Wait()
		close(results)
	}()
	var sum uint64
	count := 0
	for r := range results {
		sum += uint64(r)
		count++
	}
	fmt.Println("workers:", count, sum)
}

type node struct {
	left, right *node
	payload     []byte
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{payload: make([]byte, 64)}
	}
	return &node{tree(depth - 1), tree(depth - 1), nil}
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

// Garbage from several goroutines while one tree stays.
func collector(size int) {
	debug.SetGCPercent(20)
	kept := tree(12)
	var group sync.WaitGroup
	var made int64
	for g := 0; g < 4; g++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < size/4+1; i++ {
				atomic.AddInt64(&made, int64(tree(9).count()))
			}
		}()
	}
	group.Wait()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println("collector:", made, kept.count(), stats.NumGC > 0)
}

func faults(size int) {
	recovered := 0
	for i := 0; i < size*5; i++ {
		func() {
			defer func() {
				if err, ok := recover().(runtime.Error); ok && err != nil {
					recovered++
				}
			}()
			var n *node
			var a []int
			switch i % 3 {
			case 0:
				_ = n.left
				n.left = n
			case 1:
				a[i]++
			case 2:
				_ = i / len(a)
			}
		}()
	}
	fmt.Println("faults recovered:", recovered)
}

func timers() {
	ticker := time.NewTicker(2 * time.Millisecond)
	timeout := time.After(50 * time.Millisecond)
	ticks := 0
	for waiting := true; waiting; {
		select {
		case <-ticker.C:
			ticks++
		case <-timeout:
			waiting = false
		}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
	fmt.Println("timers:", ticks > 0, "signal:", <-signals)
	when := time.Unix(951782400, 0).UTC()
	fmt.Println(when.Format(time.RFC1123), when.AddDate(0, 0, 1).Weekday())
}

type item struct {
	Name string            `json:"name"`
	N    int               `json:"n"`
	Tags map[string]string `json:"tags,omitempty"`
}

func text(size int) error {
	var items []item
	for i := 0; i < size*10; i++ {
		items = append(items, item{fmt.Sprintf("item %d", i), i * i,
			map[string]string{"k": strings.Repeat("x", i%5)}})
	}
	data, err := json.Marshal(items)
	if err != nil {
		return err
	}
	if err := os.WriteFile("items.json", data, 0o600); err != nil {
		return err
	}
	file, err := os.Open("items.json")
	if err != nil {
		return err
	}
	defer file.Close()
	var back []item
	if err := json.NewDecoder(bufio.NewReader(file)).Decode(&back); err != nil {
		return err
	}
	pattern := regexp.MustCompile(`"name":"item (\d*7)"`)
	found := pattern.FindAllSubmatch(data, -1)
	sort.Slice(found, func(i, j int) bool {
		return bytes.Compare(found[i][1], found[j][1]) > 0
	})
	fmt.Println("text:", len(back), back[len(back)-1].N, len(found),
		string(found[0][1]), crc32.ChecksumIEEE(data))
	if err := os.Remove("items.json"); err != nil {
		return err
	}
	_, err = os.Stat("items.json")
	fmt.Println("gone:", errors.Is(err, os.ErrNotExist))
	return nil
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "crash" {
		fmt.Println("about to crash")
		var n *node
		n.payload = nil
	}
	size := 1
	if len(os.Args) > 1 {
		size, _ = strconv.Atoi(os.Args[1])
	}
	fmt.Println("chain:", chain(10000))
	workers(size)
	collector(size)
	faults(size)
	timers()
	if err := text(size); err != nil {
		fmt.Println("text:", err)
	}
}
