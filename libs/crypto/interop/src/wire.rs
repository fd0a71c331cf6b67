//! What crosses between the two sides: JSON in which bytes are `"0x…"`.

use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A refusal is an answer too: its text goes back over the wire.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A byte string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("0x{}", hex::encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("bytes start with 0x"))?;
        hex::decode(digits).map(Bytes).map_err(D::Error::custom)
    }
}

impl Bytes {
    /// Exactly N bytes, or a refusal that names `field`.
    pub fn exactly<const N: usize>(&self, field: &str) -> Outcome<[u8; N]> {
        let length = self.0.len();
        self.0.as_slice().try_into().map_err(|_| format!("{field}: must be {N} bytes, has {length}").into())
    }
}

/// A threshold key as everybody sees it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub threshold: u16,
    pub public_key: Bytes,
    pub verification_shares: BTreeMap<u16, Bytes>,
}

/// One member's secret part of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Key {
    pub index: u16,
    pub secret: Bytes,
    pub group: Group,
}
