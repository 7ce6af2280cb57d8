//! Answers that are a class, or a line of them.

use anyhow::{Context, Result};
use serde_json::json;

use super::{Answer, greatest, numbers, output};
use crate::models::catalogue::Model;
use crate::models::compiled::Compiled;
use crate::numpy::Array;

/// The number of the greatest output, for networks whose classes have no names. Their weights are filled in anew, so
/// only the recorded outputs know the right one.
pub fn number(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (class, _) = greatest(output(outputs, 0)?)?;
    Ok(Answer { words: format!("class {class}"), facts: vec![] })
}

/// The class with the greatest output, by name.
pub fn label(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (label, _) = named(model, outputs)?;
    Ok(Answer { words: label.clone(), facts: vec![("/top1", json!(label))] })
}

/// A photograph's three most probable classes, from logits.
pub fn photo(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (labels, logits) = (model.lines("labels.txt")?, output(outputs, 0)?);
    let (_, most) = greatest(logits)?;
    let total: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    let mut classes: Vec<(usize, f64)> = logits.iter().map(|x| (x - most).exp() / total).enumerate().collect();
    classes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut top = Vec::new();
    for (class, share) in classes.into_iter().take(3) {
        top.push((labels.get(class).with_context(|| format!("class {class} has no label"))?, share));
    }
    let words: Vec<String> = top.iter().map(|(label, share)| format!("{label} {share:.3}")).collect();
    Ok(Answer { words: words.join(", "), facts: vec![("/top3/tf .498 chelsea.png", json!(top))] })
}

/// What a file's bytes are; the recorded ones are a C program.
pub fn file_type(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (label, share) = named(model, outputs)?;
    Ok(Answer { words: format!("{label} {share:.3}"), facts: vec![("/c", json!([label, share]))] })
}

/// A handwritten digit; the recorded one is a 7.
pub fn digit(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (digit, _) = greatest(output(outputs, 0)?)?;
    Ok(Answer { words: format!("digit {digit}"), facts: vec![("/7", json!(digit))] })
}

/// Whether a line of text stands upright; the recorded one does not.
pub fn rotation(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let degrees = greatest(output(outputs, 0)?)?.0 * 180;
    Ok(Answer { words: format!("{degrees} degrees"), facts: vec![("/rotated180", json!(degrees))] })
}

/// A line of text: the most probable character of each column, repetitions and blanks dropped. Class 0 is the blank, the
/// one after the last character a space.
pub fn text_line(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let characters = model.lines("charset.txt")?;
    let classes = characters.len() + 2;
    let (mut text, mut before) = (String::new(), 0);
    for column in output(outputs, 0)?.chunks_exact(classes) {
        let (class, _) = greatest(column)?;
        if class != 0 && class != before {
            text += characters.get(class - 1).map_or(" ", String::as_str);
        }
        before = class;
    }
    Ok(Answer { words: format!("{text:?}"), facts: vec![("/text", json!(text))] })
}

/// Whether somebody is in the picture; in the recorded one there is.
pub fn person(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let (label, share) = named(model, outputs)?;
    Ok(Answer { words: format!("{label} {share:.3}"), facts: vec![("/astronaut", json!(label))] })
}

/// The same, on a second picture without anybody.
pub fn person_in_coffee(model: &Model, compiled: &Compiled) -> Result<Answer> {
    let picture = Array::read(&model.folder.join("input_negative_coffee.npy"))?;
    let (label, share) = named(model, &numbers(&compiled.run_on(&picture)?)?)?;
    Ok(Answer { words: format!("coffee: {label} {share:.3}"), facts: vec![("/coffee_photo", json!(label))] })
}

fn named(model: &Model, outputs: &[Vec<f64>]) -> Result<(String, f64)> {
    let (class, value) = greatest(output(outputs, 0)?)?;
    let label = model.lines("labels.txt")?.get(class).cloned();
    Ok((label.with_context(|| format!("class {class} has no label"))?, value))
}
