//! The linkable ring signature from the words of protocol sections 5 and 12.

use crate::curve::{challenge, compressed, is_recoverable, keccak, lift, point, scalar, to_curve, xy};
use crate::wire::{Bytes, Outcome};
use k256::elliptic_curve::Field;
use k256::{ProjectivePoint, Scalar};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

/// What is signed, and by which cohort.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    message: Bytes,
    tag_domain: Bytes,
    slot: u8,
    xs: Vec<Bytes>,
}

/// A cohort with its tag bases, and all that its challenges hash before L and R.
struct Ring {
    keys: Vec<ProjectivePoint>,
    bases: Vec<ProjectivePoint>,
    head: Vec<u8>,
}

fn open(statement: &Statement, tag: &ProjectivePoint) -> Outcome<Ring> {
    let (mut keys, mut bases, mut joined) = (Vec::new(), Vec::new(), Vec::new());
    for (i, deed) in statement.xs.iter().enumerate() {
        if statement.xs[..i].contains(deed) {
            return Err("xs: names a deed twice".into());
        }
        let x = deed.exactly::<32>("xs")?;
        keys.push(lift(&x).filter(is_recoverable).ok_or("xs: holds no deed")?);
        bases.push(to_curve(&[&statement.tag_domain.exactly::<32>("tagDomain")?[..], &x, &[statement.slot]].concat())?);
        joined.extend(x);
    }
    if keys.len() < 2 {
        return Err("xs: is no ring".into());
    }
    let ring_hash = keccak(&[b"cpds/v1/ring", &[statement.slot], &joined]);
    let message = statement.message.exactly::<32>("message")?;
    let tag = xy(tag).ok_or("tag: is the identity")?;
    Ok(Ring { keys, bases, head: [b"cpds/v1/lsag".as_slice(), &message, &ring_hash, &tag].concat() })
}

#[derive(Deserialize)]
pub struct Signed {
    statement: Statement,
    tag: Bytes,
    /// compressed I ‖ c_0 ‖ s_0 ‖ …
    signature: Bytes,
}

pub fn verify(Signed { statement, tag, signature }: Signed) -> Outcome<bool> {
    let scalars = signature.0.strip_prefix(&tag.0[..]).ok_or("signature: has another tag than the grant")?;
    if scalars.len() != 32 * (1 + statement.xs.len()) {
        return Err("signature: is not of a ring of this size".into());
    }
    let tag = point(&tag, "tag")?;
    if !is_recoverable(&tag) {
        return Err("tag: has x >= n".into());
    }
    let mut numbers = Vec::new();
    for bytes in scalars.chunks(32) {
        numbers.push(scalar(&Bytes(bytes.to_vec()), "signature")?);
    }
    let ring = open(&statement, &tag)?;
    let mut c = numbers[0];
    for (i, s) in numbers[1..].iter().enumerate() {
        let left = ProjectivePoint::GENERATOR * s + ring.keys[i] * c;
        match challenge(&ring.head, &left, &(ring.bases[i] * s + tag * c)) {
            Some(next) => c = next,
            None => return Ok(false),
        }
    }
    Ok(c == numbers[0])
}

#[derive(Deserialize)]
pub struct Sign {
    statement: Statement,
    place: usize,
    secret: Bytes,
}

#[derive(Serialize)]
pub struct Compact {
    tag: Bytes,
    signature: Bytes,
}

/// Signs as the deed at `place`.
pub fn sign(Sign { statement, place, secret }: Sign) -> Outcome<Compact> {
    let secret = scalar(&secret, "secret")?;
    let size = statement.xs.len();
    // The bases do not depend on the tag: they are what gives it.
    let tag = open(&statement, &ProjectivePoint::GENERATOR)?.bases.get(place).ok_or("place")? * &secret;
    let ring = open(&statement, &tag)?;
    if ring.keys[place] != ProjectivePoint::GENERATOR * secret {
        return Err("secret: is not that of the deed at this place".into());
    }
    let identity = "a point of the signature is the identity";
    let nonce = Scalar::random(OsRng);
    let (mut c, mut s) = (vec![Scalar::ZERO; size], vec![Scalar::ZERO; size]);
    let after = |i: usize| (i + 1) % size;
    let (left, right) = (ProjectivePoint::GENERATOR * nonce, ring.bases[place] * nonce);
    c[after(place)] = challenge(&ring.head, &left, &right).ok_or(identity)?;
    for i in (1..size).map(|step| (place + step) % size) {
        s[i] = Scalar::random(OsRng);
        let left = ProjectivePoint::GENERATOR * s[i] + ring.keys[i] * c[i];
        c[after(i)] = challenge(&ring.head, &left, &(ring.bases[i] * s[i] + tag * c[i])).ok_or(identity)?;
    }
    s[place] = nonce - c[place] * secret;
    let mut signature = [compressed(&tag).0, c[0].to_bytes().to_vec()].concat();
    for answer in s {
        signature.extend(answer.to_bytes());
    }
    Ok(Compact { tag: compressed(&tag), signature: Bytes(signature) })
}
