//! Attributes of a node, read by name and checked against the kind the operator defines.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, TensorProto};

use crate::translate::Fault;

/// The attributes of one node.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(pub(crate) &'a [AttributeProto]);

impl<'a> Attributes<'a> {
    /// The attribute `name`, if it is there and of type `kind`. Models older than the type field leave it out.
    fn find(&self, name: &str, kind: AttributeType) -> Result<Option<&'a AttributeProto>, Fault> {
        let Some(attribute) = self.0.iter().find(|a| a.name == name) else { return Ok(None) };
        if !attribute.ref_attr_name.is_empty() {
            let refers = &attribute.ref_attr_name;
            return Err(Fault::Invalid(format!("attribute '{name}' refers to '{refers}' outside of a function")));
        }
        if attribute.r#type != AttributeType::Undefined as i32 && attribute.r#type != kind as i32 {
            return Err(Fault::Invalid(format!("attribute '{name}' is not of type {}", kind.as_str_name())));
        }
        Ok(Some(attribute))
    }

    /// Whether the attribute is given at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|a| a.name == name)
    }

    /// An integer, if given.
    pub(crate) fn maybe_int(&self, name: &str) -> Result<Option<i64>, Fault> {
        Ok(self.find(name, AttributeType::Int)?.map(|a| a.i))
    }

    /// An integer or its default.
    pub(crate) fn int(&self, name: &str, default: i64) -> Result<i64, Fault> {
        Ok(self.maybe_int(name)?.unwrap_or(default))
    }

    /// An integer that says yes or no.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Fault> {
        Ok(self.int(name, i64::from(default))? != 0)
    }

    /// An integer that must be given.
    pub(crate) fn required_int(&self, name: &str) -> Result<i64, Fault> {
        self.maybe_int(name)?.ok_or_else(|| Fault::Invalid(format!("attribute '{name}' is missing")))
    }

    /// A number, if given.
    pub(crate) fn maybe_float(&self, name: &str) -> Result<Option<f32>, Fault> {
        Ok(self.find(name, AttributeType::Float)?.map(|a| a.f))
    }

    /// A number or its default.
    pub(crate) fn float(&self, name: &str, default: f32) -> Result<f32, Fault> {
        Ok(self.maybe_float(name)?.unwrap_or(default))
    }

    /// A string or its default; bytes that are not UTF-8 are refused.
    pub(crate) fn string(&self, name: &str, default: &'a str) -> Result<&'a str, Fault> {
        let Some(attribute) = self.find(name, AttributeType::String)? else { return Ok(default) };
        std::str::from_utf8(&attribute.s).map_err(|_| Fault::Invalid(format!("attribute '{name}' is not UTF-8")))
    }

    /// A list of integers, if given.
    pub(crate) fn ints(&self, name: &str) -> Result<Option<&'a [i64]>, Fault> {
        Ok(self.find(name, AttributeType::Ints)?.map(|a| a.ints.as_slice()))
    }

    /// A list of numbers, if given.
    pub(crate) fn floats(&self, name: &str) -> Result<Option<&'a [f32]>, Fault> {
        Ok(self.find(name, AttributeType::Floats)?.map(|a| a.floats.as_slice()))
    }

    /// A list of strings in lower case, if given.
    pub(crate) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(attribute) = self.find(name, AttributeType::Strings)? else { return Ok(None) };
        Ok(Some(attribute.strings.iter().map(|s| String::from_utf8_lossy(s).to_lowercase()).collect()))
    }

    /// A tensor, if given.
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<&'a TensorProto>, Fault> {
        Ok(self.find(name, AttributeType::Tensor)?.and_then(|a| a.t.as_ref()))
    }

    /// A graph that must be given.
    pub(crate) fn graph(&self, name: &str) -> Result<&'a GraphProto, Fault> {
        self.find(name, AttributeType::Graph)?
            .and_then(|a| a.g.as_ref())
            .ok_or_else(|| Fault::Invalid(format!("the graph attribute '{name}' is missing")))
    }
}
