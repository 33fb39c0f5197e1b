//! OpenMLS as a client of the interop service: calls come as lines of JSON, answers leave as lines.

mod certificates;
mod codec;
mod commits;
mod components;
mod epoch;
mod failure;
mod identity;
mod joining;
mod member;
mod outsiders;
mod proposals;
mod request;
mod service;

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::request::Request;
use crate::service::Service;

/// Answers one line; whatever goes wrong inside a call, panics included, becomes an error answer.
fn answer(service: &mut Service, line: &str) -> Result<Value, Failure> {
    let whole: Value = serde_json::from_str(line)
        .map_err(|error| Failure::invalid(format!("the line is not JSON: {error}")))?;
    let call = whole["call"].as_str().unwrap_or_default();
    let request = Request::new(&whole["request"]);
    catch_unwind(AssertUnwindSafe(|| service.answer(call, &request)))
        .unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())))
}

fn main() -> io::Result<()> {
    let mut service = Service::default();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let reply = match answer(&mut service, &line?) {
            Ok(response) => json!({ "response": response }),
            Err(failure) => json!({ "error": failure.to_json() }),
        };
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}
