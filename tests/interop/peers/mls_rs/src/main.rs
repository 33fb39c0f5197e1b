//! The peer harness around mls-rs: calls of the interop service as lines of JSON.
//!
//! Each line of stdin is `{"call": …, "request": {…}}`; each gets one line on stdout,
//! `{"response": {…}}` or `{"error": {"code": …, "message": …}}`. The end of stdin ends it.

mod actor;
mod calls;
mod harness;
mod identity;
mod rules;
mod wire;

use std::{
    any::Any,
    io::{self, BufRead, Write},
    panic::{catch_unwind, AssertUnwindSafe},
};

use serde_json::{json, Value};

use crate::{
    harness::Harness,
    wire::{invalid, Answer, Failure, Fields},
};

fn main() -> io::Result<()> {
    let mut harness = Harness::default();
    let mut stdout = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match answer(&mut harness, &line?) {
            Ok(response) => json!({"response": response}),
            Err(failure) => failure.to_json(),
        };
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

/// Answers one line; a panic inside the stack is its refusal, and the process lives on.
fn answer(harness: &mut Harness, line: &str) -> Answer {
    let line: Value = serde_json::from_str(line).map_err(|error| invalid(error.to_string()))?;
    let line = Fields::of(&line)?;
    let (call, request) = (line.text("call")?, line.message("request")?);
    catch_unwind(AssertUnwindSafe(|| {
        calls::dispatch(harness, call, &request)
    }))
    .unwrap_or_else(|panic| Err(Failure::Aborted(format!("panic: {}", reason(&*panic)))))
}

fn reason(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}
