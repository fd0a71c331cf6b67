//! The Merkle tree of RFC 6962 §2.1 in its own recursive words, and signed checkpoints (c2sp.org/tlog-checkpoint).

use crate::wire::{Bytes, Outcome};
use base64::{engine::general_purpose::STANDARD, Engine};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

type Hash = [u8; 32];

fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

fn node_hash(left: Hash, right: Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below n > 1.
fn cut(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// MTH(D[n]).
fn tree_hash(leaves: &[Bytes]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => leaf_hash(&one.0),
        _ => {
            let (left, right) = leaves.split_at(cut(leaves.len() as u64) as usize);
            node_hash(tree_hash(left), tree_hash(right))
        }
    }
}

pub fn tree_root(leaves: Vec<Bytes>) -> Outcome<Bytes> {
    Ok(Bytes(tree_hash(&leaves).to_vec()))
}

/// The root that PATH(m, D[n]) leads to from a leaf: the path is the one of the half that holds the leaf, then the
/// other half's hash.
fn root_by_path(m: u64, n: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    if n == 1 {
        return path.is_empty().then_some(leaf);
    }
    let (sibling, below) = path.split_last()?;
    let k = cut(n);
    Some(if m < k {
        node_hash(root_by_path(m, k, leaf, below)?, *sibling)
    } else {
        node_hash(*sibling, root_by_path(m - k, n - k, leaf, below)?)
    })
}

/// The two roots that SUBPROOF(m, D[n], known) leads to: of the first m leaves and of all n.
fn roots_by_proof(m: u64, n: u64, known: bool, old: Hash, proof: &[Hash]) -> Option<(Hash, Hash)> {
    if m == n {
        return match proof {
            [] if known => Some((old, old)),
            [one] if !known => Some((*one, *one)),
            _ => None,
        };
    }
    let (other, below) = proof.split_last()?;
    let k = cut(n);
    Some(if m <= k {
        let (first, all) = roots_by_proof(m, k, known, old, below)?;
        (first, node_hash(all, *other))
    } else {
        let (first, all) = roots_by_proof(m - k, n - k, false, old, below)?;
        (node_hash(*other, first), node_hash(*other, all))
    })
}

fn hashes(proof: &[Bytes]) -> Outcome<Vec<Hash>> {
    proof.iter().map(|hash| hash.exactly("proof")).collect()
}

#[derive(Deserialize)]
pub struct Inclusion {
    leaf: Bytes,
    index: u64,
    size: u64,
    proof: Vec<Bytes>,
    root: Bytes,
}

pub fn inclusion(input: Inclusion) -> Outcome<bool> {
    if input.index >= input.size {
        return Ok(false);
    }
    let root = root_by_path(input.index, input.size, leaf_hash(&input.leaf.0), &hashes(&input.proof)?);
    Ok(root == Some(input.root.exactly("root")?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consistency {
    from: u64,
    to: u64,
    proof: Vec<Bytes>,
    from_root: Bytes,
    to_root: Bytes,
}

pub fn consistency(input: Consistency) -> Outcome<bool> {
    let (from, to): (Hash, Hash) = (input.from_root.exactly("fromRoot")?, input.to_root.exactly("toRoot")?);
    let proof = hashes(&input.proof)?;
    if input.from == 0 {
        return Ok(proof.is_empty() && from == tree_hash(&[]) && (input.to > 0 || to == from));
    }
    Ok(input.from <= input.to && roots_by_proof(input.from, input.to, true, from, &proof) == Some((from, to)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedCheckpoint {
    note: String,
    verifier_key: String,
}

#[derive(Serialize)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Bytes,
}

/// A checkpoint that the log's own key signed (c2sp.org/signed-note, type 0x01).
pub fn checkpoint(input: SignedCheckpoint) -> Outcome<Checkpoint> {
    let mut parts = input.verifier_key.splitn(3, '+');
    let [Some(name), Some(hash), Some(key)] = [parts.next(), parts.next(), parts.next()] else {
        return Err("verifierKey: is not name+hash+key".into());
    };
    let key = STANDARD.decode(key)?;
    let [1, public @ ..] = key.as_slice() else { return Err("verifierKey: is not an Ed25519 key".into()) };
    let id = &Sha256::new().chain_update(name).chain_update("\n").chain_update(&key).finalize()[..4];
    if hex::encode(id) != hash {
        return Err("verifierKey: its hash is another key's".into());
    }
    let (text, signatures) = input.note.rsplit_once("\n\n").ok_or("note: has no signatures")?;
    let text = format!("{text}\n");
    let mut signed = false;
    for line in signatures.lines() {
        let (signer, signature) =
            line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or("note: malformed signature")?;
        let bytes = STANDARD.decode(signature)?;
        if signer == name && bytes.starts_with(id) {
            let signature = Signature::from_slice(&bytes[4..])?;
            VerifyingKey::from_bytes(public.try_into()?)?.verify_strict(text.as_bytes(), &signature)?;
            signed = true;
        }
    }
    if !signed {
        return Err("note: is not signed by this key".into());
    }
    let mut lines = text.lines();
    let [Some(origin), Some(size), Some(root)] = [lines.next(), lines.next(), lines.next()] else {
        return Err("checkpoint: has fewer than three lines".into());
    };
    if origin != name {
        return Err("checkpoint: is of another log".into());
    }
    let root = Bytes(STANDARD.decode(root)?);
    root.exactly::<32>("root")?;
    Ok(Checkpoint { origin: origin.into(), size: size.parse()?, root })
}
