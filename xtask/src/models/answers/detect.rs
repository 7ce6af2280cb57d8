//! Answers that are objects and where they are.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{Answer, greatest, output, sigmoid};
use crate::models::catalogue::Model;

/// Numbers of an object in a map: its score among all classes, and where.
type Best = BTreeMap<String, (f64, Value)>;

/// FastestDet: one objectness, four of the box and 80 classes for every cell, already as probabilities. The score of a
/// cell is objectness^0.6 x class^0.4; the catalogue lists each class's best cell from 0.3 on.
pub fn anchor_free(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let names = model.lines("coco.names")?;
    let maps = output(outputs, 0)?;
    let cells = maps.len() / (5 + names.len());
    let width = cells.isqrt();
    let at = |channel: usize, cell: usize| maps.get(channel * cells + cell).copied().unwrap_or_default();
    let mut best = Best::new();
    for cell in 0..cells {
        let classes: Vec<f64> = (0..names.len()).map(|class| at(5 + class, cell)).collect();
        let (class, probability) = greatest(&classes)?;
        let score = at(0, cell).powf(0.6) * probability.powf(0.4);
        keep(&mut best, &names[class], score, 0.3, || json!([cell % width, cell / width]));
    }
    Ok(Answer { words: in_words(&best), facts: vec![("/best_per_class/dog.jpg", in_json(best))] })
}

/// Pixels of the photograph that the second detector's recorded input was stretched from.
const PHOTO: [f64; 2] = [768.0, 576.0];
/// Pixels of the detector's input.
const INPUT: f64 = 320.0;

/// YOLO-Fastest: two maps, three anchors each, as YOLOv3 reads them. The catalogue lists each class's best box from 0.25
/// on, in pixels of the photograph.
pub fn anchors(model: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let names = model.lines("coco.names")?;
    let all = anchor_sizes(model)?;
    let mut best = Best::new();
    // The coarse map has the larger anchors.
    for (maps, anchors) in outputs.iter().zip(all.chunks_exact(3).rev()) {
        let cells = maps.len() / anchors.len() / (5 + names.len());
        let width = cells.isqrt();
        let places = anchors.iter().enumerate().flat_map(|a| (0..cells).map(move |cell| (a, cell)));
        for ((anchor, size), cell) in places {
            let at = |k: usize| maps.get((anchor * (5 + names.len()) + k) * cells + cell).copied().unwrap_or_default();
            let centre = |k: usize, place: usize| (sigmoid(at(k)) + place as f64) / width as f64;
            let middle = [centre(0, cell % width), centre(1, cell / width)];
            let half = [0, 1].map(|k| at(2 + k).exp() * size[k] / INPUT / 2.0);
            let low = [0, 1].map(|k| ((middle[k] - half[k]) * PHOTO[k]).round());
            let high = [0, 1].map(|k| ((middle[k] + half[k]) * PHOTO[k]).round());
            for (class, name) in names.iter().enumerate() {
                let score = sigmoid(at(4)) * sigmoid(at(5 + class));
                keep(&mut best, name, score, 0.25, || json!([low[0], low[1], high[0], high[1]]));
            }
        }
    }
    Ok(Answer { words: in_words(&best), facts: vec![("/best_per_class", in_json(best))] })
}

/// Widths and heights of the anchors, from the network's darknet description.
fn anchor_sizes(model: &Model) -> Result<Vec<[f64; 2]>> {
    let lines = model.lines("model.cfg")?;
    let list = lines.iter().find_map(|line| line.strip_prefix("anchors = ")).context("model.cfg lists no anchors")?;
    let numbers = list.split(',').map(|number| number.trim().parse()).collect::<Result<Vec<f64>, _>>()?;
    Ok(numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// BlazeFace: the score of the likeliest face.
pub fn face_score(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let score = sigmoid(greatest(output(outputs, 1)?)?.1);
    Ok(Answer { words: format!("face {score:.3}"), facts: vec![("/max_face_score", json!(score))] })
}

/// UltraFace: the likeliest face and its box, as shares of the picture.
pub fn face_box(_: &Model, outputs: &[Vec<f64>]) -> Result<Answer> {
    let faces: Vec<f64> = output(outputs, 0)?.chunks_exact(2).map(|pair| pair[1]).collect();
    let (anchor, score) = greatest(&faces)?;
    let corners = output(outputs, 1)?.get(4 * anchor..4 * anchor + 4).context("there are fewer boxes than scores")?;
    let words: Vec<String> = corners.iter().map(|corner| format!("{corner:.3}")).collect();
    Ok(Answer {
        words: format!("face {score:.3} at {}", words.join(" ")),
        facts: vec![("/best_score", json!(score)), ("/box", json!(corners))],
    })
}

fn keep(best: &mut Best, name: &str, score: f64, least: f64, place: impl Fn() -> Value) {
    if score >= least && best.get(name).is_none_or(|(before, _)| score > *before) {
        best.insert(name.to_owned(), (score, place()));
    }
}

fn in_words(best: &Best) -> String {
    let mut objects: Vec<(&String, f64)> = best.iter().map(|(name, (score, _))| (name, *score)).collect();
    objects.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    objects.iter().map(|(name, score)| format!("{name} {score:.2}")).collect::<Vec<_>>().join(", ")
}

fn in_json(best: Best) -> Value {
    best.into_iter().map(|(name, (score, place))| (name, json!([score, place]))).collect::<Map<_, _>>().into()
}
