//! Equal discrete logarithms from the words of protocol sections 5 and 12: `DLEQ(use; A, X, B, Z; m)`.

use crate::curve::{challenge, point, scalar, xy};
use crate::wire::{Bytes, Outcome};
use k256::elliptic_curve::Field;
use k256::{ProjectivePoint, Scalar};
use rand::rngs::OsRng;
use serde::Deserialize;

/// log_A X = log_B Z, said about a message.
pub struct Statement<'a> {
    pub purpose: &'a str,
    pub message: [u8; 32],
    /// A, X, B, Z.
    pub points: [ProjectivePoint; 4],
}

impl Statement<'_> {
    fn challenge(&self, left: &ProjectivePoint, right: &ProjectivePoint) -> Option<Scalar> {
        let mut head = [b"cpds/v1/dleq/".as_slice(), self.purpose.as_bytes(), &self.message].concat();
        for point in &self.points {
            head.extend(xy(point)?);
        }
        challenge(&head, left, right)
    }

    /// Whether c ‖ s holds; a scalar out of range is refused by name.
    pub fn is_proven_by(&self, proof: &Bytes) -> Outcome<bool> {
        let proof = proof.exactly::<64>("proof")?;
        let c = scalar(&Bytes(proof[..32].to_vec()), "c")?;
        let s = scalar(&Bytes(proof[32..].to_vec()), "s")?;
        let [a, x, b, z] = self.points;
        Ok(self.challenge(&(a * s + x * c), &(b * s + z * c)) == Some(c))
    }

    /// c ‖ s by the one who knows the logarithm.
    pub fn prove(&self, witness: Scalar) -> Outcome<Bytes> {
        let nonce = Scalar::random(OsRng);
        let [a, _, b, _] = self.points;
        let c = self.challenge(&(a * nonce), &(b * nonce)).ok_or("a point of the proof is the identity")?;
        let s = nonce - c * witness;
        Ok(Bytes([c.to_bytes(), s.to_bytes()].concat()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct Dleq {
    #[serde(rename = "use")]
    purpose: String,
    #[serde(rename = "message")]
    message: Bytes,
    a: Bytes,
    x: Bytes,
    b: Bytes,
    z: Bytes,
    /// c ‖ s
    #[serde(rename = "proof")]
    proof: Bytes,
}

pub fn verify(input: Dleq) -> Outcome<bool> {
    if !["own", "seal", "open", "part"].contains(&input.purpose.as_str()) {
        return Err("use: is none of the four".into());
    }
    let points = [point(&input.a, "A")?, point(&input.x, "X")?, point(&input.b, "B")?, point(&input.z, "Z")?];
    let message = input.message.exactly("message")?;
    Statement { purpose: &input.purpose, message, points }.is_proven_by(&input.proof)
}
