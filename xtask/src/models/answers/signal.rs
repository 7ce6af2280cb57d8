//! Answers that are read from a signal or a mask.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Answer, greatest, numbers, output};
use crate::models::catalogue::Model;
use crate::models::compiled::Compiled;
use crate::numpy::Array;

/// CREPE: 360 bins of 20 cents, the first of them 1997.38 cents above 10 Hz.
pub fn pitch(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (bin, confidence) = greatest(output(outputs, 0)?)?;
    let hertz = 10.0 * ((20.0 * bin as f64 + 1_997.379_408_437_619) / 1200.0).exp2();
    Ok(Answer {
        words: format!("{hertz:.1} Hz, confidence {confidence:.3}"),
        facts: vec![("/hz", json!(hertz)), ("/confidence", json!(confidence))],
    })
}

/// Voice activity: the share of frames above one half, and the surest of them.
pub fn speech(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let frames = output(outputs, 0)?;
    let (_, most) = greatest(frames)?;
    let share = frames.iter().filter(|&&probability| probability > 0.5).count() as f64 / frames.len() as f64;
    Ok(Answer {
        words: format!("speech in {:.1} % of the frames, at most {most:.3}", 100.0 * share),
        facts: vec![("/max_prob", json!(most)), ("/fraction_speech", json!(share))],
    })
}

/// The sine of half a pi.
pub fn sine(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (_, y) = greatest(output(outputs, 0)?)?;
    Ok(Answer { words: format!("sin(pi/2) = {y:.3}"), facts: vec![("/y", json!(y))] })
}

/// A mask of the person in a picture. The catalogue's two means are over regions it does not name, so only the share of
/// the whole picture is read, and held against the recorded mask.
pub fn person_mask(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let mask = output(outputs, 0)?;
    let inside = mask.iter().filter(|&&probability| probability > 0.5).count();
    let share = 100.0 * inside as f64 / mask.len() as f64;
    Ok(Answer { words: format!("a person on {share:.1} % of the picture"), facts: vec![] })
}

/// The place of the whole clip's reconstruction error in the catalogue, and how far that of some of its windows may be.
const CLIP: (&str, f64) = ("/mean_reconstruction_mse_of_that_normal_clip", 0.05);

/// Anomaly detection: the mean squared error with which a normal clip is reconstructed. The catalogue tells that of all
/// its windows, but holds only some of them.
pub fn reconstruction(model: &Model, compiled: &Compiled) -> Result<Answer> {
    let windows = Array::read(&model.folder.join("normal_clip_windows.npy"))?;
    let [count, features] = windows.shape[..] else { anyhow::bail!("the clip's windows are no matrix") };
    ensure!(count > 0 && features > 0 && windows.descr == "<f4", "the clip has no windows of floats");
    let mut sum = 0.0;
    for bytes in windows.bytes.chunks_exact(4 * features) {
        let window = Array { descr: windows.descr.clone(), shape: vec![1, features], bytes: bytes.to_vec() };
        let outputs = numbers(&compiled.run_on(&window)?)?;
        let wanted = window.floats().context("the clip holds no floats")?;
        let squares = output(&outputs, 0)?.iter().zip(&wanted).map(|(got, want)| (got - want).powi(2));
        sum += squares.sum::<f64>() / features as f64;
    }
    let mean = sum / count as f64;
    let whole = model.expected().pointer(CLIP.0).and_then(Value::as_f64).context("the catalogue tells no error")?;
    let words = format!("normal clip, error {mean:.3} over {count} windows, {whole:.3} over all");
    ensure!((mean - whole).abs() <= CLIP.1 * whole, "{words}");
    Ok(Answer { words, facts: vec![] })
}
