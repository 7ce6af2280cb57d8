//! `devices list`: what `--device` can name on this machine.

use serde_json::json;
use serialport::{SerialPortInfo, SerialPortType};

use crate::arguments::{DevicesAction, DevicesArgs};
use crate::console;
use crate::failure::{Exit, Failure, Outcome};
use crate::runners::emulators::{self, Emulator};

pub fn run(args: &DevicesArgs) -> Outcome {
    match &args.action {
        None | Some(DevicesAction::List) => list(),
        Some(DevicesAction::Show(args)) => super::device::show(args),
    }
}

fn list() -> Outcome {
    let mut ports = serialport::available_ports()
        .map_err(|e| Failure::new(Exit::Failure, format!("cannot list the serial ports: {e}")))?;
    ports.sort_by(|a, b| a.port_name.cmp(&b.port_name));
    let emulators = emulators::running()?;
    let document = json!({
        "serial": ports.iter().map(port_document).collect::<Vec<_>>(),
        "emulators": emulators.iter().map(emulator_document).collect::<Vec<_>>(),
    });
    console::report(document, || {
        let mut text = format!("{:32} this machine\n", "local");
        text.extend(ports.iter().map(port_line));
        text.extend(emulators.iter().map(emulator_line));
        text
    })
}

fn emulator_document(emulator: &Emulator) -> serde_json::Value {
    json!({ "device": emulator.device(), "board": emulator.board, "pid": emulator.pid })
}

fn emulator_line(emulator: &Emulator) -> String {
    let Emulator { board, pid, .. } = emulator;
    format!("{:32} emulated {board}, until `kill {pid}`\n", emulator.device())
}

fn port_document(port: &SerialPortInfo) -> serde_json::Value {
    let usb = match &port.port_type {
        SerialPortType::UsbPort(usb) => json!({
            "vid": usb.vid,
            "pid": usb.pid,
            "manufacturer": usb.manufacturer,
            "product": usb.product,
            "serial_number": usb.serial_number,
        }),
        _ => serde_json::Value::Null,
    };
    json!({ "device": device(port), "usb": usb })
}

fn port_line(port: &SerialPortInfo) -> String {
    let about = match &port.port_type {
        SerialPortType::UsbPort(usb) => {
            let name = [&usb.manufacturer, &usb.product].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
            format!("USB {:04x}:{:04x} {name}", usb.vid, usb.pid)
        }
        _ => "serial port".to_string(),
    };
    format!("{:32} {}\n", device(port), about.trim_end())
}

/// As `--device` takes it.
fn device(port: &SerialPortInfo) -> String {
    format!("serial:{}", port.port_name)
}

#[cfg(test)]
mod tests {
    use serialport::UsbPortInfo;

    use super::*;

    #[test]
    fn a_port_is_shown_with_what_is_plugged_in() {
        let usb = UsbPortInfo {
            vid: 0x0483,
            pid: 0x374B,
            serial_number: None,
            manufacturer: Some("STMicroelectronics".into()),
            product: Some("STM32 STLink".into()),
        };
        let port = SerialPortInfo { port_name: "/dev/ttyACM0".into(), port_type: SerialPortType::UsbPort(usb) };
        let line = port_line(&port);
        assert!(
            line.starts_with("serial:/dev/ttyACM0 ")
                && line.ends_with(" USB 0483:374b STMicroelectronics STM32 STLink\n"),
            "{line}"
        );
        assert_eq!(port_document(&port)["usb"]["vid"], 0x0483);
        let plain = SerialPortInfo { port_name: "/dev/ttyS0".into(), port_type: SerialPortType::Unknown };
        assert!(port_line(&plain).ends_with(" serial port\n"));
    }
}
