//! Signing with ZcashFoundation's FROST(secp256k1, SHA-256): the library's own types, filled from the wire.

use crate::wire::{Bytes, Group, Key, Outcome};
use frost_core::keys::{KeyPackage, PublicKeyPackage, SigningShare, VerifyingShare};
use frost_core::round1::{NonceCommitment, SigningCommitments, SigningNonces};
use frost_core::round2::{sign as sign_share, SignatureShare};
use frost_core::{Ciphersuite, Identifier, Signature, SigningPackage, VerifyingKey};
use frost_secp256k1::Secp256K1Sha256 as Suite;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub fn id<C: Ciphersuite>(index: u16) -> Outcome<Identifier<C>> {
    Ok(Identifier::try_from(index)?)
}

/// The index of an identifier: those of this protocol fit in the last two of its bytes.
pub fn index_of<C: Ciphersuite>(id: &Identifier<C>) -> u16 {
    let bytes = id.serialize();
    let [high, low] = bytes[bytes.len() - 2..] else { unreachable!("an identifier has 32 bytes") };
    u16::from_be_bytes([high, low])
}

pub fn key_package<C: Ciphersuite>(key: &Key) -> Outcome<KeyPackage<C>> {
    let share = SigningShare::deserialize(&key.secret.0)?;
    Ok(KeyPackage::new(
        id(key.index)?,
        share,
        share.into(),
        VerifyingKey::deserialize(&key.group.public_key.0)?,
        key.group.threshold,
    ))
}

pub fn public_package<C: Ciphersuite>(group: &Group) -> Outcome<PublicKeyPackage<C>> {
    let mut shares = BTreeMap::new();
    for (index, share) in &group.verification_shares {
        shares.insert(id(*index)?, VerifyingShare::deserialize(&share.0)?);
    }
    Ok(PublicKeyPackage::new(shares, VerifyingKey::deserialize(&group.public_key.0)?))
}

pub fn wire_key<C: Ciphersuite>(own: &KeyPackage<C>, all: &PublicKeyPackage<C>) -> Outcome<Key> {
    let mut verification_shares = BTreeMap::new();
    for (id, share) in all.verifying_shares() {
        verification_shares.insert(index_of(id), Bytes(share.serialize()?));
    }
    Ok(Key {
        index: index_of(own.identifier()),
        secret: Bytes(own.signing_share().serialize()),
        group: Group {
            threshold: *own.min_signers(),
            public_key: Bytes(all.verifying_key().serialize()?),
            verification_shares,
        },
    })
}

#[derive(Deserialize)]
pub struct Split {
    n: u16,
    threshold: u16,
}

/// A group from a trusted dealer.
pub fn split(input: Split) -> Outcome<Vec<Key>> {
    let ids = frost_core::keys::IdentifierList::<Suite>::Default;
    let (shares, public) = frost_core::keys::generate_with_dealer(input.n, input.threshold, ids, &mut OsRng)?;
    shares.into_values().map(|share| wire_key(&KeyPackage::try_from(share)?, &public)).collect()
}

#[derive(Serialize, Deserialize)]
pub struct Commitment {
    index: u16,
    hiding: Bytes,
    binding: Bytes,
}

#[derive(Serialize)]
pub struct Committed {
    nonces: Bytes,
    commitment: Commitment,
}

pub fn commit(key: Key) -> Outcome<Committed> {
    let package = key_package::<Suite>(&key)?;
    let (nonces, commitments) = frost_core::round1::commit(package.signing_share(), &mut OsRng);
    let commitment = Commitment {
        index: key.index,
        hiding: Bytes(commitments.hiding().serialize()?),
        binding: Bytes(commitments.binding().serialize()?),
    };
    Ok(Committed { nonces: Bytes(nonces.serialize()?), commitment })
}

#[derive(Deserialize)]
pub struct Package {
    commitments: Vec<Commitment>,
    digest: Bytes,
}

impl Package {
    fn open(&self) -> Outcome<SigningPackage<Suite>> {
        let mut commitments = BTreeMap::new();
        for one in &self.commitments {
            let hiding = NonceCommitment::deserialize(&one.hiding.0)?;
            let binding = NonceCommitment::deserialize(&one.binding.0)?;
            commitments.insert(id(one.index)?, SigningCommitments::new(hiding, binding));
        }
        Ok(SigningPackage::new(commitments, &self.digest.0))
    }
}

#[derive(Serialize, Deserialize)]
pub struct Share {
    index: u16,
    share: Bytes,
}

#[derive(Deserialize)]
pub struct Sign {
    key: Key,
    nonces: Bytes,
    package: Package,
}

pub fn sign(input: Sign) -> Outcome<Share> {
    let nonces = SigningNonces::deserialize(&input.nonces.0)?;
    let share = sign_share::<Suite>(&input.package.open()?, &nonces, &key_package(&input.key)?)?;
    Ok(Share { index: input.key.index, share: Bytes(share.serialize()) })
}

#[derive(Deserialize)]
pub struct CheckShare {
    group: Group,
    package: Package,
    share: Share,
}

/// Whether one share fits its signer's commitment and verification share (RFC 9591 §5.4).
pub fn check_share(input: CheckShare) -> Outcome<bool> {
    let group = public_package::<Suite>(&input.group)?;
    let signer = id(input.share.index)?;
    let listed = group.verifying_shares().get(&signer).ok_or("not a member")?;
    let share = SignatureShare::deserialize(&input.share.share.0)?;
    let package = input.package.open()?;
    Ok(frost_core::verify_signature_share(signer, listed, &share, &package, group.verifying_key()).is_ok())
}

#[derive(Deserialize)]
pub struct Aggregate {
    group: Group,
    package: Package,
    shares: Vec<Share>,
}

/// The signature, or a refusal that names the first member whose share is wrong.
pub fn aggregate(input: Aggregate) -> Outcome<Bytes> {
    let mut shares = BTreeMap::new();
    for one in &input.shares {
        shares.insert(id(one.index)?, SignatureShare::deserialize(&one.share.0)?);
    }
    let group = public_package::<Suite>(&input.group)?;
    match frost_core::aggregate(&input.package.open()?, &shares, &group) {
        Ok(signature) => Ok(Bytes(signature.serialize()?)),
        Err(error) => match error.culprit() {
            Some(culprit) => Err(format!("{error} (by member {})", index_of(&culprit)).into()),
            None => Err(error.into()),
        },
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    public_key: Bytes,
    digest: Bytes,
    signature: Bytes,
}

pub fn verify(input: Verify) -> Outcome<bool> {
    let key = VerifyingKey::<Suite>::deserialize(&input.public_key.0)?;
    let signature = Signature::deserialize(&input.signature.0)?;
    Ok(key.verify(&input.digest.0, &signature).is_ok())
}
