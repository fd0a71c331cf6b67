// A second implementation of what this folder does, for log.interop.integration.spec.ts: checks the log it reads from
// stdin with golang.org/x/mod/sumdb and answers with proofs and a note of its own making.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Leaves      []string `json:"leaves"` // base64
	VerifierKey string   `json:"verifierKey"`
	Checkpoint  string   `json:"checkpoint"`
	Inclusion   []proof  `json:"inclusion"`
	Consistency []proof  `json:"consistency"`
	Tiles       []tile   `json:"tiles"`
}

type proof struct {
	From   int64    `json:"from"` // leaf index, or the older size
	Size   int64    `json:"size"`
	Hashes []string `json:"hashes"` // base64
}

type tile struct {
	Level int    `json:"level"`
	Index int64  `json:"index"`
	Width int    `json:"width"`
	Path  string `json:"path"`
	Bytes string `json:"bytes"` // base64
}

type output struct {
	Roots       []string `json:"roots"` // root of each prefix of size 1, 2, ...
	Inclusion   []proof  `json:"inclusion"`
	Consistency []proof  `json:"consistency"`
	VerifierKey string   `json:"verifierKey"`
	Note        string   `json:"note"`
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = h[index]
	}
	return out, nil
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(list []string) []tlog.Hash {
	out := make([]tlog.Hash, len(list))
	for i, text := range list {
		copy(out[i][:], must(base64.StdEncoding.DecodeString(text)))
	}
	return out
}

func encode(list []tlog.Hash) []string {
	out := []string{}
	for _, hash := range list {
		out = append(out, base64.StdEncoding.EncodeToString(hash[:]))
	}
	return out
}

func main() {
	var in input
	check(json.NewDecoder(os.Stdin).Decode(&in))
	var stored hashes
	var out output
	var roots, leaves []tlog.Hash
	for i, text := range in.Leaves {
		data := must(base64.StdEncoding.DecodeString(text))
		leaves = append(leaves, tlog.RecordHash(data))
		stored = append(stored, must(tlog.StoredHashes(int64(i), data, stored))...)
		roots = append(roots, must(tlog.TreeHash(int64(i+1), stored)))
	}
	out.Roots = encode(roots)

	verifier := must(note.NewVerifier(in.VerifierKey))
	opened := must(note.Open([]byte(in.Checkpoint), note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() || lines[1] != fmt.Sprint(len(roots)) || lines[2] != encode(roots[len(roots)-1:])[0] {
		check(fmt.Errorf("checkpoint says %q", opened.Text))
	}

	for _, p := range in.Inclusion {
		check(tlog.CheckRecord(tlog.RecordProof(decode(p.Hashes)), p.Size, roots[p.Size-1], p.From, leaves[p.From]))
		made := must(tlog.ProveRecord(p.Size, p.From, stored))
		out.Inclusion = append(out.Inclusion, proof{p.From, p.Size, encode(made)})
	}
	for _, p := range in.Consistency {
		check(tlog.CheckTree(tlog.TreeProof(decode(p.Hashes)), p.Size, roots[p.Size-1], p.From, roots[p.From-1]))
		made := must(tlog.ProveTree(p.Size, p.From, stored))
		out.Consistency = append(out.Consistency, proof{p.From, p.Size, encode(made)})
	}
	for _, t := range in.Tiles {
		goTile := tlog.Tile{H: 8, L: t.Level, N: t.Index, W: t.Width}
		if base64.StdEncoding.EncodeToString(must(tlog.ReadTileData(goTile, stored))) != t.Bytes {
			check(fmt.Errorf("tile %s differs", t.Path))
		}
		// sumdb writes the height into the path; c2sp.org/tlog-tiles leaves it out.
		if strings.Replace(goTile.Path(), "tile/8/", "tile/", 1) != t.Path {
			check(fmt.Errorf("path %s is %s", t.Path, goTile.Path()))
		}
	}

	private, public, err := note.GenerateKey(rand.Reader, "cpds/go/audit")
	check(err)
	signer := must(note.NewSigner(private))
	out.VerifierKey = public
	out.Note = string(must(note.Sign(&note.Note{Text: opened.Text}, signer)))
	check(json.NewEncoder(os.Stdout).Encode(out))
}
