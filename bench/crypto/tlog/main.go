// The peer of bench/crypto/log.mjs: each line of stdin asks for one round ("append N", "prove N", "check N" over a tree of SIZE leaves), and the
// answer is the nanoseconds of processor time that one operation took.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/mod/sumdb/tlog"
)

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = h[index]
	}
	return out, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func grow(size int64) hashes {
	var stored hashes
	for i := int64(0); i < size; i++ {
		stored = append(stored, must(tlog.StoredHashes(i, []byte(fmt.Sprintf("entry %d", i)), stored))...)
	}
	return stored
}

// What this process has used of a processor, as the other side counts.
func processorNs() int64 {
	var usage syscall.Rusage
	must(0, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	size := must(strconv.ParseInt(os.Args[1], 10, 64))
	stored := grow(size)
	root := must(tlog.TreeHash(size, stored))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var step string
		var count int64
		must(fmt.Sscanf(lines.Text(), "%s %d", &step, &count))
		start := processorNs()
		switch step {
		case "append":
			grow(count)
		case "prove":
			for i := int64(0); i < count; i++ {
				must(tlog.ProveRecord(size, (i*7919)%size, stored))
			}
		case "check":
			at := size / 3
			proof := must(tlog.ProveRecord(size, at, stored))
			leaf := tlog.RecordHash([]byte(fmt.Sprintf("entry %d", at)))
			start = processorNs()
			for i := int64(0); i < count; i++ {
				if err := tlog.CheckRecord(proof, size, root, at, leaf); err != nil {
					must(0, err)
				}
			}
		}
		fmt.Println((processorNs() - start) / count)
	}
}
