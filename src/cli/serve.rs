//! `shuidaiyi serve`: the gateway, until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::ServeOptions;
use super::output::{Failure, block_on, say};
use crate::app;
use crate::clock::SystemClock;
use crate::config::Config;

/// Serves, or only checks the configuration.
pub fn run(options: &ServeOptions) -> Result<ExitCode, Failure> {
    let config = Config::load(&options.config)?;
    if options.check_config {
        app::check(&config)?;
        say(format!("{}: 配置可用 the configuration can be used", options.config.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let running = app::spawn(&config, Arc::new(SystemClock))?;
    say(format!("网关已启动 the gateway listens on https://{} (Ctrl-C stops it)", running.gateway));
    if let Some(url) = running.portal.and(running.exchange.portal_url.as_ref()) {
        say(format!("企业门户 the portal for firms: {url}"));
    }
    wait_for_signal()?;
    say("正在停止 stopping");
    running.stop();
    Ok(ExitCode::SUCCESS)
}

/// Returns at Ctrl-C or a termination signal.
pub fn wait_for_signal() -> Result<(), Failure> {
    block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
