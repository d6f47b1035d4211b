//! `shuidaiyi demo`: a synthetic city, twelve banks, and the whole job between them, over real mutual TLS.
//!
//! The gateway runs in this process; the members do not know it. They have their certificates and its address,
//! and do only what a member can do from outside. A second run in the same directory continues there.

mod accounting;
mod authorisation;
mod city;
mod consents;
mod persons;
mod plan;
mod products;
mod pulls;
mod stage;
mod table;

use std::process::ExitCode;
use std::time::Instant;

use self::stage::Stage;
use super::arguments::DemoOptions;
use super::output::{Failure, block_on, say};
use super::serve::wait_for_signal;

/// Plays the demo through, then serves on unless told to do it once.
pub fn run(options: &DemoOptions) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let stage = Stage::set(options)?;
    let played = play(&stage, options);
    if played.is_ok() {
        say(format!("\n用时 took {:.1} s", begun.elapsed().as_secs_f64()));
    }
    if let (Ok(()), false) = (&played, options.once) {
        say("\n网关继续运行，按 Ctrl-C 停止 the gateway serves on until Ctrl-C");
        wait_for_signal()?;
        say("正在停止 stopping");
    }
    stage.running.stop();
    played.map(|()| ExitCode::SUCCESS)
}

fn play(stage: &Stage, options: &DemoOptions) -> Result<(), Failure> {
    let city = city::write(&stage.dir, options, stage.now)?;
    block_on(async {
        city::deliver(stage, &city).await?;
        persons::write(stage, &city)?;
        let products = products::agree(stage).await?;
        let held = consents::register(stage, &city, &products).await?;
        let banks = pulls::pull(stage, &held).await?;
        accounting::tell(stage, &banks).await?;
        let example = accounting::left_in_force(stage).await?;
        accounting::suggest(stage, &example, options.once)
    })
}
