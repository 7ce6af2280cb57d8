//! Functions that a model brings along are inlined: their body is translated in place of the call.

use std::collections::BTreeMap;

use lathe_graph::ValueId;

use super::Fault;
use super::walk::Walk;
use crate::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto, ValueInfoProto, canonical_domain};

impl Walk<'_> {
    /// Translates the body of `function` for the call `node`.
    pub(super) fn inline(
        &mut self,
        function: &FunctionProto,
        node: &NodeProto,
        inputs: &[Option<ValueId>],
    ) -> Result<Vec<Option<ValueId>>, Fault> {
        if inputs.len() > function.input.len() {
            let (given, takes) = (inputs.len(), function.input.len());
            return Err(Fault::Invalid(format!("the function takes {takes} inputs, {given} are given")));
        }
        let given: Vec<_> =
            function.input.iter().enumerate().map(|(i, n)| (n.clone(), inputs.get(i).copied().flatten())).collect();
        let left_out: Vec<&String> = given.iter().filter(|(_, v)| v.is_none()).map(|(n, _)| n).collect();
        let mut body = GraphProto {
            node: function.node.iter().map(|n| bind_attributes(n, &node.attribute, &left_out)).collect(),
            output: function.output.iter().map(|n| ValueInfoProto { name: n.clone(), ..Default::default() }).collect(),
            ..GraphProto::default()
        };
        let opsets: BTreeMap<String, i64> =
            function.opset_import.iter().map(|o| (canonical_domain(&o.domain).to_owned(), o.version)).collect();
        let results = self.with_opsets(opsets, |walk| walk.nested(&mut body, &given, true))?;
        Ok(results.into_iter().map(Some).collect())
    }
}

/// A body node with the call's attributes in place of references, and without the inputs the call leaves out.
fn bind_attributes(body: &NodeProto, call: &[AttributeProto], left_out: &[&String]) -> NodeProto {
    let mut node = body.clone();
    node.attribute.retain_mut(|attribute| {
        if attribute.ref_attr_name.is_empty() {
            return true;
        }
        let Some(value) = call.iter().find(|a| a.name == attribute.ref_attr_name) else { return false };
        *attribute = AttributeProto { name: std::mem::take(&mut attribute.name), ..value.clone() };
        true
    });
    for input in node.input.iter_mut().filter(|i| left_out.contains(&&**i)) {
        input.clear();
    }
    node
}
