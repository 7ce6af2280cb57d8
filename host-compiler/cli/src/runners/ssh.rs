//! A Linux board over the network: `device-server` as a systemd service that only a host with the key can use.

use std::path::Path;

use rpc_protocol::key_file;

use super::{Job, Plan, Step, state_folder};
use crate::devices::session::key_place;
use crate::failure::{Failure, Outcome};

/// Where files are put first, in the home folder of the user who logs in, and where the service has them.
const ARRIVED: &str = "lathe-flash";
const INSTALLED: &str = "/opt/lathe";
const SERVICE: &str = "lathe-device-server.service";

/// Copies the program, its unit, the key and the artifact; installs and starts them.
pub fn plan(default_user: &str, job: &Job<'_>) -> Outcome<Plan> {
    let Some(to) = job.to else {
        let message = format!("which board? give --to USER@HOST (or --to HOST, for the user {default_user})");
        return Err(Failure::usage(message));
    };
    let (user, host) = to.split_once('@').unwrap_or((default_user, to));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let word = |text: &str| !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
    if !(word(user) && word(host)) {
        return Err(Failure::usage(format!("--to {to:?} is no USER@HOST")));
    }
    let lathe_driver::boards::Link::Tcp { port } = job.board.link else {
        return Err(Failure::usage(format!("the board.toml of {} names no TCP port", job.board.name)));
    };
    let port = job.port.unwrap_or(port);
    let key = key_place(job.key_file).path;
    if key.is_file() {
        // What is no key, or readable by others, would be refused later, by the board.
        key_file::read(&key).map_err(Failure::usage)?;
    }
    let login = format!("{user}@{host}");
    let unit = state_folder()?.join("flash").join(&job.board.name).join(SERVICE);
    let there = |name: &str| format!("{login}:{ARRIVED}/{name}");
    let copy = |from: &Path, name: &str| Step::command(["scp", "-p", &from.to_string_lossy(), &there(name)]);

    let mut steps = vec![
        Step::Write { path: unit.clone(), text: unit_text(user, port, job.model.is_some()) },
        Step::command(["ssh", &login, &format!("mkdir -p {ARRIVED} && chmod 700 {ARRIVED}")]),
        copy(job.runtime, "device-server"),
        copy(&unit, SERVICE),
    ];
    if key.is_file() {
        steps.push(copy(&key, "key"));
    } else {
        let folder = key.parent().unwrap_or(Path::new("."));
        steps.push(Step::command([
            "ssh",
            &login,
            &format!("cd {ARRIVED} && rm -f key && ./device-server --new-key key"),
        ]));
        steps.push(Step::command(["mkdir", "-p", &folder.to_string_lossy()]));
        steps.push(Step::command(["scp", "-p", &there("key"), &key.to_string_lossy()]));
    }
    steps.extend(job.model.map(|model| copy(model, "model.lathe")));
    steps.push(Step::command(["ssh", "-t", &login, &install(user, job.model.is_some())]));
    let device = format!("tcp://{host}:{port}");
    let named = job.key_file.map_or(String::new(), |key| format!(" --key-file {}", key.display()));
    Ok(Plan { steps, device: Some(device + &named) })
}

/// What root does on the board.
fn install(user: &str, model: bool) -> String {
    let put = |mode: &str, names: &str| format!("sudo install -o {user} -m {mode} {names} {INSTALLED}/");
    let mut commands = vec![
        format!("cd {ARRIVED}"),
        format!("sudo install -d {INSTALLED}"),
        put("755", "device-server"),
        put("600", "key"),
    ];
    commands.extend(model.then(|| put("644", "model.lathe")));
    commands.push(format!("sudo install -m 644 {SERVICE} /etc/systemd/system/"));
    commands.push("sudo systemctl daemon-reload".to_string());
    commands.push(format!("sudo systemctl enable {SERVICE}"));
    commands.push(format!("sudo systemctl restart {SERVICE}"));
    commands.push("rm -f key".to_string());
    commands.join(" && ")
}

/// The service. What a host uploads is a program: it runs as a plain user who can write nothing of the system.
fn unit_text(user: &str, port: u16, model: bool) -> String {
    let model = if model { format!(" --model {INSTALLED}/model.lathe") } else { String::new() };
    format!(
        "[Unit]\n\
         Description=Lathe device server: loads, runs and times models for a host that has the key\n\
         After=network.target\n\
         \n\
         [Service]\n\
         User={user}\n\
         ExecStart={INSTALLED}/device-server --listen 0.0.0.0:{port} --key-file {INSTALLED}/key --allow-upload{model}\n\
         Restart=on-failure\n\
         NoNewPrivileges=yes\n\
         ProtectSystem=strict\n\
         ProtectHome=yes\n\
         PrivateTmp=yes\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}
