//! Second implementations of what `libs/crypto` does, as one process: a JSON request on each line of standard input,
//! its answer on the next line of standard output. It keeps nothing between requests; secrets travel in the open, so
//! it serves tests and nothing else.

mod age_files;
mod capsule;
mod curve;
mod dleq;
mod generation;
mod log;
mod reshare;
mod ring;
mod signing;
mod wire;

use serde::{de::DeserializeOwned, Deserialize, Serialize};
use serde_json::{json, Value};
use std::io::{self, BufRead, Write};
use wire::Outcome;

#[derive(Deserialize)]
struct Request {
    command: String,
    input: Value,
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let reply = match serde_json::from_str(&line?).map_err(Into::into).and_then(answer) {
            Ok(answer) => json!({ "answer": answer }),
            Err(reason) => json!({ "refused": reason.to_string() }),
        };
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(Request { command, input }: Request) -> Outcome<Value> {
    match command.as_str() {
        "split" => call(input, signing::split),
        "commit" => call(input, signing::commit),
        "sign" => call(input, signing::sign),
        "check-share" => call(input, signing::check_share),
        "aggregate" => call(input, signing::aggregate),
        "verify" => call(input, signing::verify),
        "deal" => call(input, generation::deal),
        "dealt-shares" => call(input, generation::dealt_shares),
        "finish" => call(input, generation::finish),
        "reshare" => call(input, reshare::reshare),
        "refresh" => call(input, reshare::refresh),
        "repair" => call(input, reshare::repair),
        "age-identity" => call(input, age_files::identity),
        "age-seal" => call(input, age_files::seal),
        "age-open" => call(input, age_files::open),
        "tree-root" => call(input, log::tree_root),
        "inclusion" => call(input, log::inclusion),
        "consistency" => call(input, log::consistency),
        "checkpoint" => call(input, log::checkpoint),
        "ring-sign" => call(input, ring::sign),
        "ring" => call(input, ring::verify),
        "dleq" => call(input, dleq::verify),
        "capsule-seal" => call(input, capsule::seal),
        "capsule-release" => call(input, capsule::release),
        "capsule-open" => call(input, capsule::open),
        _ => Err(format!("no command {command}").into()),
    }
}

fn call<I: DeserializeOwned, O: Serialize>(input: Value, run: fn(I) -> Outcome<O>) -> Outcome<Value> {
    Ok(serde_json::to_value(run(serde_json::from_value(input)?)?)?)
}
