//! Capsules from the words of protocol sections 6 and 12: sealed, released by storemen, opened by the recipient.

use crate::curve::{compressed, is_recoverable, keccak, lagrange, point, scalar, to_curve};
use crate::dleq::Statement;
use crate::wire::{Bytes, Group, Outcome};
use chacha20poly1305::{aead::Aead, ChaCha20Poly1305, KeyInit};
use hkdf::Hkdf;
use k256::elliptic_curve::Field;
use k256::{ProjectivePoint, Scalar};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const G: ProjectivePoint = ProjectivePoint::GENERATOR;

fn g_bar() -> Outcome<ProjectivePoint> {
    to_curve(b"cpds/v1/tdh2-base")
}

/// C ‖ C̄ ‖ c ‖ s ‖ wrapped, apart.
struct Capsule {
    c: ProjectivePoint,
    c_bar: ProjectivePoint,
    proof: Bytes,
    wrapped: [u8; 32],
}

/// Takes a capsule only when its proof binds it to the label.
fn parse(bytes: &Bytes, label: &[u8; 32]) -> Outcome<Capsule> {
    let all = bytes.exactly::<162>("capsule")?;
    let part = |from: usize, to: usize| Bytes(all[from..to].to_vec());
    let capsule = Capsule {
        c: point(&part(0, 33), "C")?,
        c_bar: point(&part(33, 66), "C̄")?,
        proof: part(66, 130),
        wrapped: part(130, 162).exactly("wrapped")?,
    };
    if !sealed(capsule.c, capsule.c_bar, label, &capsule.wrapped)?.is_proven_by(&capsule.proof)? {
        return Err("capsule: its proof does not hold".into());
    }
    Ok(capsule)
}

fn sealed(
    c: ProjectivePoint,
    c_bar: ProjectivePoint,
    label: &[u8; 32],
    wrapped: &[u8; 32],
) -> Outcome<Statement<'static>> {
    let message = keccak(&[label, &Sha256::digest(wrapped)]);
    Ok(Statement { purpose: "seal", message, points: [G, c, g_bar()?, c_bar] })
}

fn cipher(k: ProjectivePoint, rq: ProjectivePoint, label: &[u8; 32], c: ProjectivePoint) -> Outcome<ChaCha20Poly1305> {
    let secret = [compressed(&k).0, compressed(&rq).0].concat();
    let info = [b"cpds/v1/capsule".as_slice(), label, &compressed(&c).0].concat();
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, &secret).expand(&info, &mut key).map_err(|error| error.to_string())?;
    Ok(ChaCha20Poly1305::new(&key.into()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seal {
    file_key: Bytes,
    label: Bytes,
    recipient_key: Bytes,
    y_seal: Bytes,
}

pub fn seal(input: Seal) -> Outcome<Bytes> {
    let r = Scalar::random(OsRng);
    let (c, c_bar) = (G * r, g_bar()? * r);
    let label = input.label.exactly("label")?;
    let (k, rq) = (point(&input.y_seal, "ySeal")? * r, point(&input.recipient_key, "recipientKey")? * r);
    let sealed_key = cipher(k, rq, &label, c)?.encrypt(&Default::default(), &input.file_key.0[..]);
    let wrapped = sealed_key.map_err(|error| error.to_string())?;
    let proof = sealed(c, c_bar, &label, &Bytes(wrapped.clone()).exactly("wrapped")?)?.prove(r)?;
    Ok(Bytes([compressed(&c).0, compressed(&c_bar).0, proof.0, wrapped].concat()))
}

/// What storemen are asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    capsule: Bytes,
    label: Bytes,
    grant_id: Bytes,
    epoch: u64,
    recipient_key: Bytes,
}

impl Request {
    fn released(&self, capsule: &Capsule) -> Outcome<ProjectivePoint> {
        let sum = capsule.c + point(&self.recipient_key, "recipientKey")?;
        if is_recoverable(&sum) {
            Ok(sum)
        } else {
            Err("C + Q: is the identity or has x >= n".into())
        }
    }

    fn part(&self, index: u16, y: ProjectivePoint, sum: ProjectivePoint, w: ProjectivePoint) -> Statement<'static> {
        let hash = keccak(&[&self.capsule.0]);
        let message = keccak(&[&self.grant_id.0, &self.epoch.to_be_bytes(), &index.to_be_bytes(), &hash]);
        Statement { purpose: "part", message, points: [G, y, sum, w] }
    }
}

#[derive(Serialize, Deserialize)]
pub struct Partial {
    index: u16,
    w: Bytes,
    proof: Bytes,
}

#[derive(Deserialize)]
pub struct Release {
    request: Request,
    index: u16,
    share: Bytes,
}

pub fn release(Release { request, index, share }: Release) -> Outcome<Partial> {
    let y = scalar(&share, "share")?;
    let sum = request.released(&parse(&request.capsule, &request.label.exactly("label")?)?)?;
    let w = sum * y;
    Ok(Partial { index, w: compressed(&w), proof: request.part(index, G * y, sum, w).prove(y)? })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    request: Request,
    recipient_secret: Bytes,
    group: Group,
    partials: Vec<Partial>,
}

/// The file key, from partials that are each proven, or a refusal that names whose is not.
pub fn open(input: Open) -> Outcome<Bytes> {
    let label = input.request.label.exactly("label")?;
    let capsule = parse(&input.request.capsule, &label)?;
    let sum = input.request.released(&capsule)?;
    let partials: BTreeMap<u16, &Partial> = input.partials.iter().map(|one| (one.index, one)).collect();
    if partials.len() != usize::from(input.group.threshold) || input.partials.len() != partials.len() {
        return Err("partials: are not those of t members".into());
    }
    let members: Vec<u16> = partials.keys().copied().collect();
    let mut total = ProjectivePoint::IDENTITY;
    for (index, partial) in partials {
        let listed = input.group.verification_shares.get(&index).ok_or("not a member")?;
        let w = point(&partial.w, "W")?;
        if !input.request.part(index, point(listed, "Y_i")?, sum, w).is_proven_by(&partial.proof)? {
            return Err(format!("partial: its proof does not hold (by member {index})").into());
        }
        total += w * lagrange(index, &members)?;
    }
    let q = scalar(&input.recipient_secret, "recipientSecret")?;
    let k = total - point(&input.group.public_key, "publicKey")? * q;
    let opened = cipher(k, capsule.c * q, &label, capsule.c)?.decrypt(&Default::default(), &capsule.wrapped[..]);
    opened.map(Bytes).map_err(|_| "capsule: does not open".into())
}
