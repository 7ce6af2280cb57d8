//! `flash`: the exact commands of every runner, and what is refused.

mod support;

use rpc_protocol::key::Key;
use rpc_protocol::key_file;
use support::onnx::{noise, small_network, small_network_answer};
use support::{Bench, Ran, assert_close, json, ran, thumb};

/// What the firmware of these tests consists of, and where it is loaded.
const FIRMWARE: [u8; 4] = *b"code";
const ADDRESS: u32 = 0x1000_0000;

/// An image of firmware with one segment: ELF header, program header, the bytes (ELF specification, figures 1-3 and 2-1).
fn image() -> Vec<u8> {
    let mut header = vec![0x7F, b'E', b'L', b'F', 1, 1, 1];
    header.resize(52, 0);
    for (at, byte) in [(16, 2), (18, 40), (20, 1), (28, 52), (40, 52), (42, 32), (44, 1)] {
        header[at] = byte;
    }
    let size = FIRMWARE.len() as u32;
    let segment = [1, 84, ADDRESS, ADDRESS, size, size, 5, 4];
    [header, segment.map(u32::to_le_bytes).concat(), FIRMWARE.to_vec()].concat()
}

/// A folder with firmware for these boards, and an artifact for Cortex-M4.
fn bench(boards: &[&str]) -> Bench {
    let bench = Bench::new();
    for board in boards {
        std::fs::create_dir_all(bench.path(&format!("boards/{board}"))).unwrap();
        bench.write(&format!("boards/{board}/firmware.elf"), &image());
    }
    bench.write("m.lathe", &thumb::contents("thumbv7em-none-eabihf", thumb::RETURN).to_bytes().unwrap());
    bench
}

fn flash(bench: &Bench, arguments: &[&str]) -> Ran {
    let mut command = bench.command(&[&["flash"], arguments].concat());
    command.env("LATHE_BOARDS", "boards").env("XDG_STATE_HOME", "state").env("HOME", "home");
    ran(command.env_remove("LATHE_KEY_FILE").output().unwrap())
}

fn dry(bench: &Bench, arguments: &[&str]) -> String {
    let ran = flash(bench, &[arguments, &["--dry-run"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

#[test]
fn probe_rs() {
    let bench = bench(&["nucleo-l4r5zi"]);
    let expected = "\
probe-rs download --chip STM32L4R5ZITx --verify boards/nucleo-l4r5zi/firmware.elf
probe-rs download --chip STM32L4R5ZITx --verify --binary-format bin --base-address 0x08020000 m.lathe
probe-rs reset --chip STM32L4R5ZITx
# then: --device serial:PORT; `host-compiler devices list` shows the port
";
    assert_eq!(dry(&bench, &["nucleo-l4r5zi", "m.lathe"]), expected);
    let chosen = dry(&bench, &["nucleo-l4r5zi", "--probe", "0483:374b:066F"]);
    assert!(
        chosen.starts_with("probe-rs download --chip STM32L4R5ZITx --probe 0483:374b:066F --verify boards/"),
        "{chosen}"
    );
}

#[test]
fn openocd() {
    let bench = bench(&["nrf52840-dk"]);
    let expected = "\
openocd -f board/nordic_nrf52_dk.cfg -c 'program {boards/nrf52840-dk/firmware.elf} verify' \
-c 'program {m.lathe} verify 0x00020000' -c 'reset run' -c exit
# then: --device serial:PORT; `host-compiler devices list` shows the port
";
    assert_eq!(dry(&bench, &["nrf52840-dk", "m.lathe", "--runner", "openocd"]), expected);
}

#[test]
fn uf2_copy() {
    let bench = bench(&["rpi-pico2"]);
    let expected = "\
# state/lathe/flash/rpi-pico2/firmware.uf2 becomes a UF2 file for family 0xe48bff59 that holds
#   boards/rpi-pico2/firmware.elf where it is linked to
cp state/lathe/flash/rpi-pico2/firmware.uf2 drive/
# then: --device serial:PORT; `host-compiler devices list` shows the port
";
    assert_eq!(dry(&bench, &["rpi-pico2", "--to", "drive"]), expected);
    let absent = flash(&bench, &["rpi-pico2", "--to", "drive"]);
    assert!(absent.code == 5 && absent.stderr.contains("hold BOOTSEL"), "{}", absent.stderr);
    std::fs::create_dir(bench.path("drive")).unwrap();
    let copied = flash(&bench, &["rpi-pico2", "--to", "drive", "--json"]);
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    assert_eq!(json(&copied)["runner"], "uf2-copy");
    let block = bench.read("drive/firmware.uf2");
    assert_eq!((block.len(), &block[12..16], &block[32..36]), (512, &ADDRESS.to_le_bytes()[..], &FIRMWARE[..]));

    bench.write("boards/rpi-pico2/firmware.elf", &image()[..86]);
    let cut = flash(&bench, &["rpi-pico2", "--to", "drive"]);
    assert!(cut.code != 0 && cut.stderr.contains("incomplete"), "{}", cut.stderr);
}

#[test]
fn ssh() {
    let bench = Bench::with_model(&small_network());
    bench.expect(0, &["compile", "m.onnx", "--board", "jetson-orin", "-o", "m.lathe"]);
    std::fs::create_dir_all(bench.path("boards/aarch64-linux")).unwrap();
    bench.write("boards/aarch64-linux/device-server", b"a program");
    let expected = "\
mkdir -p state/lathe/flash/jetson-orin
cat > state/lathe/flash/jetson-orin/lathe-device-server.service <<'END'
[Unit]
Description=Lathe device server: loads, runs and times models for a host that has the key
After=network.target

[Service]
User=me
ExecStart=/opt/lathe/device-server --listen 0.0.0.0:9190 --key-file /opt/lathe/key --allow-upload --model /opt/lathe/model.lathe
Restart=on-failure
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
END
ssh me@orin.local 'mkdir -p lathe-flash && chmod 700 lathe-flash'
scp -p boards/aarch64-linux/device-server me@orin.local:lathe-flash/device-server
scp -p state/lathe/flash/jetson-orin/lathe-device-server.service me@orin.local:lathe-flash/lathe-device-server.service
ssh me@orin.local 'cd lathe-flash && rm -f key && ./device-server --new-key key'
mkdir -p home/.config/lathe
scp -p me@orin.local:lathe-flash/key home/.config/lathe/key
scp -p m.lathe me@orin.local:lathe-flash/model.lathe
ssh -t me@orin.local 'cd lathe-flash && sudo install -d /opt/lathe && sudo install -o me -m 755 device-server /opt/lathe/ \
&& sudo install -o me -m 600 key /opt/lathe/ && sudo install -o me -m 644 model.lathe /opt/lathe/ \
&& sudo install -m 644 lathe-device-server.service /etc/systemd/system/ && sudo systemctl daemon-reload \
&& sudo systemctl enable lathe-device-server.service && sudo systemctl restart lathe-device-server.service && rm -f key'
# then: --device tcp://orin.local:9190
";
    assert_eq!(dry(&bench, &["jetson-orin", "m.lathe", "--to", "me@orin.local"]), expected);
    bench.write("key", b"a key");
    let refused = flash(&bench, &["rpi4", "--to", "pi4", "--key-file", "key", "--dry-run"]);
    assert_eq!(refused.code, 2, "a file that holds no key: {}", refused.stderr);
    std::fs::remove_file(bench.path("key")).unwrap();
    key_file::write(&bench.path("key"), &Key::new([7; 32])).unwrap();
    let known = dry(&bench, &["rpi4", "--to", "pi4", "--key-file", "key", "--port", "9191"]);
    assert!(known.contains("scp -p key pi@pi4:lathe-flash/key\n") && !known.contains("--new-key"), "{known}");
    assert!(known.contains("--listen 0.0.0.0:9191 ") && !known.contains("--model"), "{known}");
    assert!(known.ends_with("# then: --device tcp://pi4:9191 --key-file key\n"), "{known}");
    for to in ["-oProxyCommand=x", "me@", "me@a b", "me@a;b", "me@a:b"] {
        assert_eq!(flash(&bench, &["rpi4", "--dry-run", &format!("--to={to}")]).code, 2, "{to}");
    }
}

#[test]
fn qemu() {
    let bench = bench(&["mps2-an386"]);
    let expected = "\
qemu-system-arm -machine mps2-an386 -display none -monitor none -icount shift=0 -echr 256 \
-chardev pty,id=link,mux=on -serial chardev:link -kernel boards/mps2-an386/firmware.elf \
-device loader,force-raw=on,file=m.lathe,addr=0x20000 &
# it says on which pseudo terminal its serial line is: --device serial:/dev/pts/…
";
    assert_eq!(dry(&bench, &["mps2-an386", "m.lathe"]), expected);
}

#[test]
fn noise_takes_a_model_s_place() {
    let bench = bench(&["nucleo-l4r5zi", "rpi-pico2"]);
    let expected = "\
# state/lathe/flash/nucleo-l4r5zi/noise.bin becomes an image of 1966016 bytes of noise of seed 0x4c617468
probe-rs download --chip STM32L4R5ZITx --verify boards/nucleo-l4r5zi/firmware.elf
probe-rs download --chip STM32L4R5ZITx --verify --binary-format bin --base-address 0x08020000 \
state/lathe/flash/nucleo-l4r5zi/noise.bin
probe-rs reset --chip STM32L4R5ZITx
# then: --device serial:PORT; `host-compiler devices list` shows the port
";
    assert_eq!(dry(&bench, &["nucleo-l4r5zi", "--noise"]), expected);
    let openocd = dry(&bench, &["nucleo-l4r5zi", "--noise=4096", "--runner", "openocd"]);
    assert!(openocd.contains("4096 bytes of noise") && openocd.contains("/noise.bin} verify 0x08020000"), "{openocd}");
    for (code, word, arguments) in [
        (2, "room for 1966016", &["nucleo-l4r5zi", "--noise=1966017"][..]),
        (2, "cannot be used with", &["nucleo-l4r5zi", "m.lathe", "--noise"]),
        (2, "has Linux", &["rpi4", "--noise"]),
    ] {
        let refused = flash(&bench, &[arguments, &["--dry-run"]].concat());
        assert!(refused.code == code && refused.stderr.contains(word), "{arguments:?}: {}", refused.stderr);
    }
    // What the boot loader's drive gets is what a board looks for.
    std::fs::create_dir(bench.path("drive")).unwrap();
    assert_eq!(flash(&bench, &["rpi-pico2", "--noise=64", "--to", "drive"]).code, 0);
    let image = bench.read("state/lathe/flash/rpi-pico2/noise.bin");
    assert!(lathe_artifact::noise::flashed(&image, lathe_driver::trial::NOISE_SEED, 64).is_some());
    let file = bench.read("drive/firmware.uf2");
    assert_eq!(file[512 + 32..][..image.len()], image, "its second block");
}

#[test]
fn documents_have_the_commands() {
    let bench = bench(&["nucleo-h743zi"]);
    let document = json(&flash(&bench, &["nucleo-h743zi", "--dry-run", "--json"]));
    assert_eq!(document["steps"][1]["run"], serde_json::json!(["probe-rs", "reset", "--chip", "STM32H743ZITx"]));
    assert_eq!((&document["board"], &document["dry_run"]), (&"nucleo-h743zi".into(), &true.into()));
}

#[test]
fn what_cannot_be_is_refused_with_its_exit_code() {
    let bench = bench(&["nucleo-l4r5zi", "rpi-pico2"]);
    let refuses = |code: i32, word: &str, arguments: &[&str]| {
        let ran = flash(&bench, arguments);
        assert!(ran.code == code && ran.stderr.contains(word), "{arguments:?}: {} {}", ran.code, ran.stderr);
    };
    refuses(2, "boards list", &["no-such-board"]);
    refuses(2, "it has: probe-rs, openocd", &["nucleo-l4r5zi", "--runner", "ssh", "--dry-run"]);
    refuses(2, "--to means nothing", &["nucleo-l4r5zi", "--to", "x", "--dry-run"]);
    refuses(2, "--to USER@HOST", &["rpi4", "--dry-run"]);
    refuses(7, "thumbv8m", &["rpi-pico2", "m.lathe", "--dry-run"]);
    let own =
        include_str!("../../../boards/nucleo-l4r5zi/board.toml").replace("name = \"nucleo-l4r5zi\"", "name = \"desk\"");
    bench.write("desk.toml", own.as_bytes());
    refuses(5, "cargo xtask board build desk", &["desk.toml"]);
    bench.write("bad.lathe", b"not an artifact");
    refuses(7, "bad.lathe", &["nucleo-l4r5zi", "bad.lathe", "--dry-run"]);
    // With nothing on the search path.
    let mut command = bench.command(&["flash", "nucleo-l4r5zi"]);
    let lacking = ran(command.env("LATHE_BOARDS", "boards").env("PATH", "").output().unwrap());
    assert!(lacking.code == 5 && lacking.stderr.contains("cargo install probe-rs-tools"), "{}", lacking.stderr);
}

/// Ends an emulator with the test, however that ends.
struct Running(String);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = std::process::Command::new("kill").arg(&self.0).status();
    }
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn a_flashed_emulator_answers_on_its_serial_line() {
    let bench = Bench::with_model(&small_network());
    bench.expect(0, &["compile", "m.onnx", "--board", "mps2-an386", "-o", "m.lathe"]);
    let program = |arguments: &[&str]| {
        let ran = ran(bench.command(arguments).env("XDG_STATE_HOME", "state").output().unwrap());
        assert_eq!(ran.code, 0, "{arguments:?}\n{}", ran.stderr);
        ran
    };
    let emulators = || json(&program(&["devices", "list", "--json"]))["emulators"].clone();
    let device = json(&program(&["flash", "mps2-an386", "m.lathe", "--json"]))["device"].as_str().unwrap().to_string();
    let running = Running(emulators()[0]["pid"].to_string());
    assert_eq!(emulators()[0]["device"], device);
    bench.npy("x.npy", "(1, 2, 5, 7)", &noise(7, 70));
    for name in ["a.npz", "b.npz"] {
        program(&["run", "m.lathe", "--device", &device, "-i", "x=x.npy", "-o", name]);
        assert_close(&bench.npz_floats(name), &small_network_answer(&noise(7, 70)));
    }
    drop(running);
    let gone = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        emulators().as_array().unwrap().is_empty()
    });
    assert!(gone, "an emulator that was ended is still listed");
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn kernels_on_a_serial_line_read_flashed_noise() {
    let bench = Bench::with_model(&small_network());
    for (noise, in_ram) in [(&[][..], true), (&["--noise"], false)] {
        let program = |arguments: &[&str]| {
            let ran = ran(bench.command(arguments).env("XDG_STATE_HOME", "state").output().unwrap());
            assert_eq!(ran.code, 0, "{arguments:?}\n{}", ran.stderr);
            ran
        };
        let flashed = json(&program(&[&["flash", "mps2-an386", "--json"], noise].concat()));
        let device = flashed["device"].as_str().unwrap();
        let listed = json(&program(&["devices", "list", "--json"]));
        // The one before may not have ended yet.
        let ours = listed["emulators"].as_array().unwrap().iter().rfind(|one| one["device"] == device);
        let _running = Running(ours.unwrap()["pid"].to_string());
        let tried = program(&["trial", "m.onnx", "--device", device, "--board", "mps2-an386", "--json"]);
        assert_eq!(json(&tried)["weights_in_ram"].as_bool(), Some(in_ram));
        assert_eq!(tried.stderr.contains("`host-compiler flash mps2-an386 --noise`"), in_ram, "{}", tried.stderr);
    }
}

#[test]
fn emulators_that_are_gone_are_forgotten() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("state/lathe/emulators")).unwrap();
    let gone = br#"{ "pid": 4194304, "board": "mps2-an386", "terminal": "/dev/pts/0" }"#;
    bench.write("state/lathe/emulators/4194304.json", gone);
    let listed = ran(bench.command(&["devices", "list", "--json"]).env("XDG_STATE_HOME", "state").output().unwrap());
    assert_eq!(json(&listed)["emulators"], serde_json::json!([]));
    assert!(!bench.path("state/lathe/emulators/4194304.json").exists());
}
