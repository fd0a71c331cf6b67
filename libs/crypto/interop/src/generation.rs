//! Key generation with ZcashFoundation's DKG, as a member of an attempt: its proof of possession is hashed under a tag
//! that ends in the attempt's id. Without an attempt the library's own suite deals, whose proof knows no ceremony.

use crate::signing::{id, index_of, wire_key};
use crate::wire::{Bytes, Key, Outcome};
use frost_core::keys::dkg::{self, round1, round2};
use frost_core::keys::{SigningShare, VerifiableSecretSharingCommitment};
use frost_core::{Ciphersuite, Identifier, Signature};
use frost_secp256k1::{Secp256K1Group, Secp256K1Sha256 as Standard};
use k256::elliptic_curve::hash2curve::{hash_to_field, ExpandMsgXmd};
use k256::Scalar;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    /// The suite's hashes are functions of the message alone, so what they hash under stands beside them.
    static ATTEMPT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// FROST(secp256k1, SHA-256) whose proofs of possession belong to one attempt (protocol section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct OfAttempt;

#[allow(non_snake_case)]
impl Ciphersuite for OfAttempt {
    const ID: &'static str = Standard::ID;
    type Group = Secp256K1Group;
    type HashOutput = [u8; 32];
    type SignatureSerialization = [u8; 65];

    fn H1(m: &[u8]) -> Scalar {
        Standard::H1(m)
    }
    fn H2(m: &[u8]) -> Scalar {
        Standard::H2(m)
    }
    fn H3(m: &[u8]) -> Scalar {
        Standard::H3(m)
    }
    fn H4(m: &[u8]) -> Self::HashOutput {
        Standard::H4(m)
    }
    fn H5(m: &[u8]) -> Self::HashOutput {
        Standard::H5(m)
    }

    fn HDKG(m: &[u8]) -> Option<Scalar> {
        let attempt = ATTEMPT.with(|id| hex::encode(&*id.borrow()));
        let tag = format!("{}dkg/cpds/v1/{attempt}", Self::ID);
        let mut c = [Scalar::ZERO];
        hash_to_field::<ExpandMsgXmd<Sha256>, Scalar>(&[m], &[tag.as_bytes()], &mut c).ok()?;
        Some(c[0])
    }
}

/// Runs one step as the suite of `attempt` would.
macro_rules! in_attempt {
    ($attempt:expr, $step:ident, $input:expr) => {
        match $attempt {
            None => $step::<Standard>($input),
            Some(Bytes(id)) => {
                ATTEMPT.with(|held| *held.borrow_mut() = id);
                $step::<OfAttempt>($input)
            }
        }
    };
}

#[derive(Deserialize)]
pub struct InAttempt<T> {
    attempt: Option<Bytes>,
    #[serde(flatten)]
    input: T,
}

pub fn deal(input: InAttempt<Deal>) -> Outcome<Dealt> {
    in_attempt!(input.attempt, deal_with, input.input)
}

pub fn dealt_shares(input: InAttempt<DealtShares>) -> Outcome<SharesOut> {
    in_attempt!(input.attempt, dealt_shares_with, input.input)
}

pub fn finish(input: InAttempt<Finish>) -> Outcome<Key> {
    in_attempt!(input.attempt, finish_with, input.input)
}

#[derive(Deserialize)]
pub struct Deal {
    dealer: u16,
    n: u16,
    threshold: u16,
}

#[derive(Serialize)]
pub struct Dealt {
    commitments: Commitments,
    secret: Bytes,
}

#[derive(Serialize, Deserialize)]
pub struct Commitments {
    dealer: u16,
    points: Vec<Bytes>,
    proof: Bytes,
}

fn deal_with<C: Ciphersuite>(input: Deal) -> Outcome<Dealt> {
    let (secret, public) = dkg::part1::<C, _>(id(input.dealer)?, input.n, input.threshold, OsRng)?;
    let commitments = Commitments {
        dealer: input.dealer,
        points: public.commitment().serialize()?.into_iter().map(Bytes).collect(),
        proof: Bytes(public.proof_of_knowledge().serialize()?),
    };
    Ok(Dealt { commitments, secret: Bytes(secret.serialize()?) })
}

#[derive(Deserialize)]
pub struct DealtShares {
    secret: Bytes,
    all: Vec<Commitments>,
}

#[derive(Serialize)]
pub struct SharesOut {
    secret: Bytes,
    shares: Vec<DealtShare>,
}

#[derive(Serialize, Deserialize)]
pub struct DealtShare {
    dealer: u16,
    receiver: u16,
    share: Bytes,
}

fn dealt_shares_with<C: Ciphersuite>(input: DealtShares) -> Outcome<SharesOut> {
    let secret = round1::SecretPackage::<C>::deserialize(&input.secret.0)?;
    let dealer = index_of(secret.identifier());
    let others = others_of(*secret.identifier(), &input.all)?;
    let (secret, packages) = dkg::part2(secret, &others)?;
    let shares = packages.iter().map(|(receiver, package)| DealtShare {
        dealer,
        receiver: index_of(receiver),
        share: Bytes(package.signing_share().serialize()),
    });
    Ok(SharesOut { shares: shares.collect(), secret: Bytes(secret.serialize()?) })
}

#[derive(Deserialize)]
pub struct Finish {
    secret: Bytes,
    all: Vec<Commitments>,
    received: Vec<DealtShare>,
}

fn finish_with<C: Ciphersuite>(input: Finish) -> Outcome<Key> {
    let secret = round2::SecretPackage::<C>::deserialize(&input.secret.0)?;
    let others = others_of(*secret.identifier(), &input.all)?;
    let mut packages = BTreeMap::new();
    for one in &input.received {
        let share = SigningShare::deserialize(&one.share.0)?;
        packages.insert(id(one.dealer)?, round2::Package::new(share));
    }
    let (own, public) = dkg::part3(&secret, &others, &packages)?;
    wire_key(&own, &public)
}

type Round1<C> = BTreeMap<Identifier<C>, round1::Package<C>>;

fn others_of<C: Ciphersuite>(own: Identifier<C>, all: &[Commitments]) -> Outcome<Round1<C>> {
    let mut others = BTreeMap::new();
    for one in all {
        let points = VerifiableSecretSharingCommitment::deserialize(one.points.iter().map(|point| &point.0))?;
        let package = round1::Package::new(points, Signature::deserialize(&one.proof.0)?);
        if id::<C>(one.dealer)? != own {
            others.insert(id(one.dealer)?, package);
        }
    }
    Ok(others)
}
