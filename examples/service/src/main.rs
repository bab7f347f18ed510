//! Reads the configuration, and starts the service.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;

use symbolon::SystemClock;
use symbolon_service::app::App;
use symbolon_service::config::Config;
use symbolon_service::users::Users;
use symbolon_service::{logs, measure, password, server, settings};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => serve(),
        ["--help" | "-h"] => {
            println!("{}", settings::help());
            Ok(())
        }
        ["hash"] => hash(),
        _ => Err(vec!["there are no such arguments; see --help".to_owned()]),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("error: {problem}"));
            ExitCode::from(2)
        }
    }
}

fn hash() -> Result<(), Vec<String>> {
    if std::io::stdin().is_terminal() {
        eprintln!("The password, then ctrl-d (it is shown as you type):");
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    std::io::stdin().take(4096).read_to_string(&mut text).map_err(|error| vec![error.to_string()])?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.chars().count() < 8 {
        return Err(vec!["a password has 8 letters at least".to_owned()]);
    }
    println!("{}", password::hash(password).map_err(|why| vec![why])?);
    Ok(())
}

fn serve() -> Result<(), Vec<String>> {
    let config = Config::from_env()?;
    let failed = |why: String| vec![why];
    let users = match &config.users {
        Some(text) => {
            let text = std::str::from_utf8(text.as_bytes())
                .map_err(|_| failed("SERVICE_USERS: not UTF-8".into()))?;
            Users::parse(text).map_err(|why| failed(format!("SERVICE_USERS: {why}")))?
        }
        None => {
            let (users, password) = Users::demo().map_err(failed)?;
            eprintln!(
                "SERVICE_USERS is not set: until it ends there is the user demo, password {password}"
            );
            users
        }
    };
    logs::install(config.log.clone()).map_err(failed)?;
    let metrics = measure::install().map_err(failed)?;
    let app =
        App::new(&config, users, Arc::new(SystemClock)).map_err(|error| failed(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    runtime
        .block_on(async {
            let stop = server::told_to_stop()?;
            let public = TcpListener::bind(config.listen).await?;
            let internal = TcpListener::bind(config.metrics_listen).await?;
            let (address, figures) = (public.local_addr()?, internal.local_addr()?);
            tracing::info!(%address, %figures, "listening");
            server::run(app, public, internal, metrics, stop).await?;
            tracing::info!("stopped");
            Ok(())
        })
        .map_err(|error: std::io::Error| failed(error.to_string()))
}
