// A second implementation of what this folder does, for log.interop.integration.spec.ts: checks the log it reads from
// stdin with golang.org/x/mod/sumdb (tree, notes) and github.com/transparency-dev/formats (cosignatures, proof files), and
// answers with proofs, notes, a cosignature and a proof file of its own making.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	cosignature "github.com/transparency-dev/formats/note"
	tlogproof "github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Leaves      []string `json:"leaves"` // base64
	VerifierKey string   `json:"verifierKey"`
	Checkpoint  string   `json:"checkpoint"`
	WitnessKey  string   `json:"witnessKey"`
	Timestamp   int64    `json:"timestamp"` // of the witness's cosignature, seconds since 1970
	ProofFile   string   `json:"proofFile"` // of the last leaf, under the cosigned checkpoint
	Extra       string   `json:"extra"`     // its extra data, base64
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
	WitnessKey  string   `json:"witnessKey"`
	Cosigned    string   `json:"cosigned"`  // the checkpoint with one more cosignature
	ProofFile   string   `json:"proofFile"` // of leaf 0, under it
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
	cosign(in, &out, verifier, leaves, stored)
	check(json.NewEncoder(os.Stdout).Encode(out))
}

func cosign(in input, out *output, verifier note.Verifier, leaves []tlog.Hash, stored hashes) {
	size := int64(len(leaves))
	var file tlogproof.TLogProof
	check(file.Unmarshal([]byte(in.ProofFile)))
	if again := file.Marshal(); string(again) != in.ProofFile {
		check(fmt.Errorf("proof file differs: %q", again))
	}
	if base64.StdEncoding.EncodeToString(file.ExtraData) != in.Extra || int64(file.Index) != size-1 {
		check(fmt.Errorf("proof file says %d, %q", file.Index, file.ExtraData))
	}
	witness := must(cosignature.NewVerifierForCosignatureV1(in.WitnessKey))
	checkpoint, _, opened, err := log.ParseCheckpoint(file.Checkpoint, verifier.Name(), verifier, witness)
	check(err)
	if len(opened.Sigs) != 2 || len(opened.UnverifiedSigs) != 0 {
		check(fmt.Errorf("checkpoint says it is by %v", opened.Sigs))
	}
	if at := must(cosignature.CoSigV1Timestamp(opened.Sigs[1])); at.Unix() != in.Timestamp {
		check(fmt.Errorf("cosignature says %v", at))
	}
	path := make(tlog.RecordProof, len(file.Hashes))
	for i, hash := range file.Hashes {
		path[i] = hash
	}
	check(tlog.CheckRecord(path, int64(checkpoint.Size), tlog.Hash(checkpoint.Hash), int64(file.Index), leaves[file.Index]))

	private, public, err := note.GenerateKey(rand.Reader, "go.example/w")
	check(err)
	cosigner := must(cosignature.NewSignerForCosignatureV1(private))
	out.WitnessKey = must(cosignature.VKeyToCosignatureV1(public))
	cosigned := must(note.Sign(opened, cosigner))
	out.Cosigned = string(cosigned)
	made := tlogproof.TLogProof{Checkpoint: cosigned, ExtraData: []byte("made by Go")}
	for _, hash := range must(tlog.ProveRecord(size, 0, stored)) {
		made.Hashes = append(made.Hashes, hash)
	}
	out.ProofFile = string(made.Marshal())
}
