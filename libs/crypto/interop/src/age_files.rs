//! age files with the crate `age`, the library of rage.

use crate::wire::{Bytes, Outcome};
use age::secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::str::FromStr;

#[derive(Deserialize)]
pub struct Nothing {}

#[derive(Serialize)]
pub struct KeyPair {
    identity: String,
    recipient: String,
}

pub fn identity(_: Nothing) -> Outcome<KeyPair> {
    let made = age::x25519::Identity::generate();
    Ok(KeyPair { identity: made.to_string().expose_secret().into(), recipient: made.to_public().to_string() })
}

/// Who opens a file: X25519 keys by name, or one passphrase.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    Keys(Vec<String>),
    Passphrase(String),
}

#[derive(Deserialize)]
pub struct Seal {
    to: Access,
    plaintext: Bytes,
}

pub fn seal(input: Seal) -> Outcome<Bytes> {
    let recipients: Vec<Box<dyn age::Recipient>> = match input.to {
        Access::Keys(names) => names
            .iter()
            .map(|name| Ok(Box::new(age::x25519::Recipient::from_str(name)?) as Box<dyn age::Recipient>))
            .collect::<Result<_, &str>>()?,
        Access::Passphrase(text) => {
            let mut recipient = age::scrypt::Recipient::new(SecretString::from(text));
            recipient.set_work_factor(10); // its own choice takes a second
            vec![Box::new(recipient)]
        }
    };
    let mut file = vec![];
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|one| one.as_ref()))?;
    let mut writer = encryptor.wrap_output(&mut file)?;
    writer.write_all(&input.plaintext.0)?;
    writer.finish()?;
    Ok(Bytes(file))
}

#[derive(Deserialize)]
pub struct Open {
    with: Access,
    file: Bytes,
}

pub fn open(input: Open) -> Outcome<Bytes> {
    let identities: Vec<Box<dyn age::Identity>> = match input.with {
        Access::Keys(names) => names
            .iter()
            .map(|name| Ok(Box::new(age::x25519::Identity::from_str(name)?) as Box<dyn age::Identity>))
            .collect::<Result<_, &str>>()?,
        Access::Passphrase(text) => vec![Box::new(age::scrypt::Identity::new(SecretString::from(text)))],
    };
    let mut plaintext = vec![];
    let decryptor = age::Decryptor::new(&input.file.0[..])?;
    decryptor.decrypt(identities.iter().map(|one| one.as_ref()))?.read_to_end(&mut plaintext)?;
    Ok(Bytes(plaintext))
}
