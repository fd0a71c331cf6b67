//! Points and scalars of k256 as protocol section 2 takes them, written without a look at the TypeScript.

use crate::wire::{Bytes, Outcome};
use k256::elliptic_curve::group::Group as _;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use k256::elliptic_curve::PrimeField;
use k256::{AffinePoint, EncodedPoint, FieldBytes, ProjectivePoint, Scalar, U256};
use sha3::{Digest, Keccak256};

/// A scalar in [1, n-1].
pub fn scalar(bytes: &Bytes, field: &str) -> Outcome<Scalar> {
    let found = Option::<Scalar>::from(Scalar::from_repr(FieldBytes::from(bytes.exactly::<32>(field)?)));
    let scalar = found.ok_or(format!("{field}: is not below n"))?;
    if scalar == Scalar::ZERO {
        return Err(format!("{field}: is zero").into());
    }
    Ok(scalar)
}

/// A compressed point, never the identity.
pub fn point(bytes: &Bytes, field: &str) -> Outcome<ProjectivePoint> {
    let encoded = EncodedPoint::from_bytes(bytes.exactly::<33>(field)?)?;
    let affine = Option::<AffinePoint>::from(AffinePoint::from_encoded_point(&encoded));
    Ok(affine.ok_or(format!("{field}: is not on the curve"))?.into())
}

/// The point with this x and even y; None where x is on no point.
pub fn lift(x: &[u8; 32]) -> Option<ProjectivePoint> {
    let mut encoded = vec![2];
    encoded.extend(x);
    point(&Bytes(encoded), "x").ok()
}

pub fn compressed(point: &ProjectivePoint) -> Bytes {
    Bytes(point.to_encoded_point(true).as_bytes().to_vec())
}

/// x ‖ y; None for the identity.
pub fn xy(point: &ProjectivePoint) -> Option<[u8; 64]> {
    if bool::from(point.is_identity()) {
        return None;
    }
    point.to_encoded_point(false).as_bytes()[1..].try_into().ok()
}

/// Whether x < n: the points that ecrecover can name.
pub fn is_recoverable(point: &ProjectivePoint) -> bool {
    xy(point).is_some_and(|bytes| {
        let x: [u8; 32] = bytes[..32].try_into().expect("half of 64 bytes");
        bool::from(Scalar::from_repr(x.into()).is_some())
    })
}

pub fn keccak(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Keccak256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// A hash mod n.
pub fn reduced(hash: [u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce_bytes(&hash.into())
}

/// The coefficient of `i` that interpolates at zero over `set`, whose members are distinct.
pub fn lagrange(i: u16, set: &[u16]) -> Outcome<Scalar> {
    let mut product = Scalar::ONE;
    for j in set.iter().filter(|j| **j != i) {
        let (i, j) = (Scalar::from(u64::from(i)), Scalar::from(u64::from(*j)));
        product *= j * Option::<Scalar>::from((j - i).invert()).ok_or("the same identifier twice")?;
    }
    Ok(product)
}

/// Σ_k j^k · A_k.
pub fn evaluate(points: &[ProjectivePoint], j: u16) -> ProjectivePoint {
    let x = Scalar::from(u64::from(j));
    points.iter().rev().fold(ProjectivePoint::IDENTITY, |sum, point| sum * x + point)
}

/// The last 20 bytes of keccak256(x ‖ y); None for the identity.
fn address(point: &ProjectivePoint) -> Option<[u8; 20]> {
    keccak(&[&xy(point)?])[12..].try_into().ok()
}

/// c = keccak256(head ‖ addr(L) ‖ R) mod n; None where L or R is the identity, or c zero.
pub fn challenge(head: &[u8], left: &ProjectivePoint, right: &ProjectivePoint) -> Option<Scalar> {
    let c = reduced(keccak(&[head, &address(left)?, &xy(right)?]));
    (c != Scalar::ZERO).then_some(c)
}

/// The first x = keccak256(prefix ‖ ctr) below n that is on the curve; y is even.
pub fn to_curve(prefix: &[u8]) -> Outcome<ProjectivePoint> {
    (0..=255u8)
        .map(|counter| keccak(&[prefix, &[counter]]))
        .find_map(|x| lift(&x).filter(is_recoverable))
        .ok_or("no counter gives a point".into())
}
