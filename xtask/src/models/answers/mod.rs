//! The answer a person reads from a model's outputs, held against what the catalogue says it is.
//!
//! One reader a kind of task. A reader returns the answer in words, and *facts*: numbers and names, each with the place
//! in the catalogue's `expected` where the same fact stands. The facts must agree, and the same reader must find the
//! same words in the outputs recorded from another engine.

mod classify;
mod detect;
mod signal;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::catalogue::Model;
use super::compiled::Compiled;
use crate::numpy::Array;

/// Greatest difference between a number of the catalogue and ours: it keeps three decimals.
const ROUNDING: f64 = 1.0e-3;

/// What was read from the outputs.
#[derive(Debug, PartialEq)]
struct Answer {
    /// For people.
    words: String,
    /// For the catalogue: a JSON pointer into `expected`, and what should stand there.
    facts: Vec<(&'static str, Value)>,
}

/// Reads a model's outputs.
type Reader = fn(&Model, &[Vec<f64>]) -> Result<Answer>;
/// Runs the model on more than its recorded input, for answers that take several runs.
type Further = fn(&Model, &Compiled) -> Result<Answer>;

/// The trained models' readers.
const READERS: &[(&str, Reader)] = &[
    ("crepe_tiny", signal::pitch),
    ("efficientnet_lite0", classify::photo),
    ("fastestdet_352", detect::anchor_free),
    ("ic_resnet8_fp32", classify::label),
    ("kws_dscnn_fp32", classify::label),
    ("magika_v3_3", classify::file_type),
    ("mnist_cntk", classify::digit),
    ("mp_face_detection_short", detect::face_score),
    ("mp_selfie_seg", signal::person_mask),
    ("ppocr_v2_cls", classify::rotation),
    ("ppocr_v4_rec", classify::text_line),
    ("silero_vad_sequence", signal::speech),
    ("tflm_hello_float", signal::sine),
    ("ultraface_rfb320", detect::face_box),
    ("vww_mobilenet_fp32", classify::person),
    ("yolo_fastest_1_1", detect::anchors),
];

const FURTHER: &[(&str, Further)] =
    &[("ad_autoenc_fp32", signal::reconstruction), ("vww_mobilenet_fp32", classify::person_in_coffee)];

/// The answer in words; empty for a model the catalogue knows none of.
pub fn check(model: &Model, got: &[Array], compiled: &Compiled) -> Result<String> {
    let mut all = Vec::new();
    if let Some(reader) = reader(model) {
        let answer = reader(model, &numbers(got)?)?;
        agrees(&answer, model.expected())?;
        let recorded = reader(model, &numbers(&model.recorded()?)?)?;
        ensure!(
            answer.words == recorded.words,
            "{}; from the recorded outputs it is: {}",
            answer.words,
            recorded.words
        );
        all.push(answer.words);
    }
    for (_, further) in FURTHER.iter().filter(|(name, _)| *name == model.name) {
        let answer = further(model, compiled)?;
        agrees(&answer, model.expected())?;
        all.push(answer.words);
    }
    Ok(all.join("; "))
}

fn reader(model: &Model) -> Option<Reader> {
    let named = READERS.iter().find(|(name, _)| *name == model.name).map(|(_, reader)| *reader);
    named.or_else(|| model.expected().get("argmax").map(|_| classify::number as Reader))
}

fn numbers(arrays: &[Array]) -> Result<Vec<Vec<f64>>> {
    arrays.iter().map(|array| array.floats().context("an output holds no floats")).collect()
}

/// Holds every fact against the catalogue.
fn agrees(answer: &Answer, expected: &Value) -> Result<()> {
    for (place, found) in &answer.facts {
        let want = expected.pointer(place).with_context(|| format!("the catalogue says nothing at {place}"))?;
        ensure!(same(found, want), "{}: {place} is {found}, the catalogue says {want}", answer.words);
    }
    Ok(())
}

/// True if two values are the same, numbers up to the catalogue's rounding.
fn same(found: &Value, want: &Value) -> bool {
    match (found, want) {
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= ROUNDING * b.abs().max(1.0),
            _ => false,
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => found == want,
    }
}

/// The place and value of the greatest number.
fn greatest(values: &[f64]) -> Result<(usize, f64)> {
    let pairs = values.iter().copied().enumerate();
    pairs.max_by(|(_, a), (_, b)| a.total_cmp(b)).context("an output is empty")
}

fn output(outputs: &[Vec<f64>], index: usize) -> Result<&[f64]> {
    outputs.get(index).map(Vec::as_slice).with_context(|| format!("there is no output {index}"))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facts_agree_up_to_rounding() {
        let expected = json!({ "dog": [0.771, [7, 14]], "top1": "cat" });
        let answer = |score, label| Answer {
            words: "a dog".into(),
            facts: vec![("/dog", json!([score, [7, 14]])), ("/top1", json!(label))],
        };
        assert!(agrees(&answer(0.7714, "cat"), &expected).is_ok());
        assert!(agrees(&answer(0.774, "cat"), &expected).is_err());
        assert!(agrees(&answer(0.771, "dog"), &expected).is_err());
        let elsewhere = Answer { words: String::new(), facts: vec![("/top5", json!("cat"))] };
        assert!(agrees(&elsewhere, &expected).is_err());
        assert!(!same(&json!({}), &json!({ "person": 1 })));
    }
}
