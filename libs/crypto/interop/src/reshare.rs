//! New shares of an old key, three ways: the protocol's reshare computed once more (section 3, "Reshare"), and
//! ZcashFoundation's refresh and repair run on a group from outside.

use crate::curve::{compressed, evaluate, lagrange, point, scalar};
use crate::signing::{id, index_of, key_package, public_package, wire_key};
use crate::wire::{Bytes, Group, Key, Outcome};
use frost_core::keys::{refresh, repairable, SecretShare, VerifiableSecretSharingCommitment};
use frost_secp256k1::Secp256K1Sha256 as Suite;
use k256::{ProjectivePoint, Scalar};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub struct Reshare {
    old: Group,
    threshold: u16,
    receivers: Vec<u16>,
    dealings: Vec<Dealing>,
}

/// An old member's sharing of its own share: A_0..A_{t'-1}, and f(j) for each receiver.
#[derive(Deserialize)]
struct Dealing {
    dealer: u16,
    points: Vec<Bytes>,
    shares: BTreeMap<u16, Bytes>,
}

#[derive(Serialize)]
pub struct Reshared {
    group: Group,
    secrets: BTreeMap<u16, Bytes>,
}

/// Steps 2 to 5: y'_j = Σ_D λ_i·f_i(j) and Y'_j = Σ_D λ_i·Σ_k j^k·A_ik over exactly t dealers of the old epoch.
pub fn reshare(input: Reshare) -> Outcome<Reshared> {
    let dealers: Vec<u16> = input.dealings.iter().map(|one| one.dealer).collect();
    if dealers.len() != usize::from(input.old.threshold) {
        return Err(format!("dealers: must be {}, are {}", input.old.threshold, dealers.len()).into());
    }
    if let Some(at) = (1..dealers.len()).find(|at| dealers[..*at].contains(&dealers[*at])) {
        return Err(format!("dealers: one deals twice (by member {})", dealers[at]).into());
    }
    let mut sharings = Vec::new();
    for one in &input.dealings {
        sharings.push((lagrange(one.dealer, &dealers)?, one, checked_points(&input, one)?));
    }
    let constant = sharings.iter().fold(ProjectivePoint::IDENTITY, |sum, (l, _, points)| sum + points[0] * l);
    if compressed(&constant) != input.old.public_key {
        return Err("publicKey: the dealers' constant terms do not interpolate to it".into());
    }
    let mut secrets = BTreeMap::new();
    let mut verification_shares = BTreeMap::new();
    for j in input.receivers {
        let (mut secret, mut public) = (Scalar::ZERO, ProjectivePoint::IDENTITY);
        for (coefficient, dealing, points) in &sharings {
            let bytes = dealing.shares.get(&j).ok_or(format!("share: missing (by member {})", dealing.dealer))?;
            let share = scalar(bytes, "share")?;
            let expected = evaluate(points, j);
            if ProjectivePoint::GENERATOR * share != expected {
                return Err(format!("share: is off the commitments (by member {})", dealing.dealer).into());
            }
            secret += *coefficient * share;
            public += expected * coefficient;
        }
        secrets.insert(j, Bytes(secret.to_bytes().to_vec()));
        verification_shares.insert(j, compressed(&public));
    }
    let group = Group { threshold: input.threshold, public_key: input.old.public_key, verification_shares };
    Ok(Reshared { group, secrets })
}

fn checked_points(input: &Reshare, dealing: &Dealing) -> Outcome<Vec<ProjectivePoint>> {
    let by = format!("(by member {})", dealing.dealer);
    if dealing.points.len() != usize::from(input.threshold) {
        return Err(format!("points: must be {}, are {} {by}", input.threshold, dealing.points.len()).into());
    }
    if input.old.verification_shares.get(&dealing.dealer) != dealing.points.first() {
        return Err(format!("points[0]: is not the old verification share {by}").into());
    }
    dealing.points.iter().map(|one| point(one, "points")).collect()
}

/// ZcashFoundation's distributed refresh among exactly these members. Who is left out has no share any more.
pub fn refresh(keys: Vec<Key>) -> Outcome<Vec<Key>> {
    let first = keys.first().ok_or("no member")?;
    let n = u16::try_from(keys.len())?;
    let mut secrets = BTreeMap::new();
    let mut published = BTreeMap::new();
    for key in &keys {
        let (secret, public) = refresh::refresh_dkg_part_1::<Suite, _>(id(key.index)?, n, key.group.threshold, OsRng)?;
        secrets.insert(key.index, secret);
        published.insert(id(key.index)?, public);
    }
    let others =
        |own| published.iter().filter(move |(id, _)| **id != own).map(|(id, one)| (*id, one.clone())).collect();
    let mut kept = BTreeMap::new();
    let mut sent = BTreeMap::new();
    for (index, secret) in secrets {
        let (secret, packages) = refresh::refresh_dkg_part2(secret, &others(id(index)?))?;
        kept.insert(index, secret);
        for (receiver, package) in packages {
            sent.entry(index_of(&receiver)).or_insert_with(BTreeMap::new).insert(id::<Suite>(index)?, package);
        }
    }
    let old = public_package(&first.group)?;
    let refreshed = keys.iter().map(|key| {
        let own = id(key.index)?;
        let (secret, received) = (&kept[&key.index], &sent[&key.index]);
        let (key, public) =
            refresh::refresh_dkg_shares(secret, &others(own), received, old.clone(), key_package(key)?)?;
        wire_key(&key, &public)
    });
    refreshed.collect()
}

#[derive(Deserialize)]
pub struct Repair {
    helpers: Vec<Key>,
    lost: u16,
}

/// ZcashFoundation's repair: the lost share, which only its owner can add up.
pub fn repair(input: Repair) -> Outcome<Bytes> {
    let lost = id::<Suite>(input.lost)?;
    let first = input.helpers.first().ok_or("no helper")?;
    // Neither step looks at the commitments of a share; those of an epoch are gone when the epoch is.
    let commitment = VerifiableSecretSharingCommitment::deserialize([&first.group.public_key.0])?;
    let mut ids = Vec::new();
    for helper in &input.helpers {
        ids.push(id(helper.index)?);
    }
    let mut received: BTreeMap<_, Vec<Scalar>> = BTreeMap::new();
    for helper in &input.helpers {
        let package = key_package::<Suite>(helper)?;
        let share = SecretShare::new(*package.identifier(), *package.signing_share(), commitment.clone());
        for (to, delta) in repairable::repair_share_step_1(&ids, &share, &mut OsRng, lost)? {
            received.entry(to).or_default().push(delta);
        }
    }
    let sigmas: Vec<Scalar> =
        received.values().map(|deltas| repairable::repair_share_step_2::<Suite>(deltas)).collect();
    let share = repairable::repair_share_step_3::<Suite>(&sigmas, lost, &commitment);
    Ok(Bytes(share.signing_share().serialize()))
}
