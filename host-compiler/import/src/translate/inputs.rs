//! Graph inputs: element types, and shapes fixed by the model or by the user.

use std::collections::HashMap;

use lathe_graph::TensorType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dimension;
use tract_onnx::pb::type_proto;

use super::builder::MAX_RANK;
use super::walk::{Binding, Walk};
use crate::error::{ImportError, MissingShape};
use crate::proto::{GraphProto, ValueInfoProto, dtype};

/// A declared dimension.
#[derive(Clone, PartialEq)]
enum Extent {
    Fixed(usize),
    Symbol(String),
    Unknown,
}

/// A graph input that is no initialiser.
struct Input<'g> {
    name: &'g str,
    dtype: lathe_graph::DType,
    /// `None` when even the rank is open.
    shape: Option<Vec<Extent>>,
}

impl Walk<'_> {
    /// Adds the graph inputs. Where the observer lets the walk go on in spite of a fault, they are left broken.
    pub(super) fn inputs(&mut self, graph: &GraphProto) -> Result<(), ImportError> {
        let stored = |name: &str| self.lookup(name).is_some();
        let declared: Vec<&ValueInfoProto> = graph.input.iter().filter(|i| !stored(&i.name)).collect();
        self.check_requests(&declared)?;
        let mut inputs = Vec::new();
        for info in declared {
            match read(info) {
                Ok(input) => inputs.push(input),
                Err(error) => self.broken_input(&info.name, error)?,
            }
        }
        let mut symbols = Symbols::default();
        for input in &inputs {
            if let Some(given) = self.given_shape(input.name)
                && let Err(error) = symbols.fix(input, &given)
            {
                self.observer.problem(error)?;
            }
        }
        let mut missing = Vec::new();
        for input in &inputs {
            let given = self.given_shape(input.name);
            let Some(shape) = given.or_else(|| symbols.resolve(input)) else {
                missing.push(MissingShape { input: input.name.to_owned(), declared: input.describe() });
                self.define(input.name, Binding::Broken)?;
                continue;
            };
            if let Err(error) = self.add_input(input, shape) {
                self.broken_input(input.name, error)?;
            }
        }
        if missing.is_empty() { Ok(()) } else { self.observer.problem(ImportError::MissingShapes { inputs: missing }) }
    }

    /// Refuses shapes and values for inputs that do not exist.
    fn check_requests(&self, declared: &[&ValueInfoProto]) -> Result<(), ImportError> {
        let requested = self.options.input_shapes.keys().chain(self.options.input_values.keys());
        for name in requested {
            if !declared.iter().any(|i| i.name == *name) {
                let available = declared.iter().map(|i| i.name.clone()).collect();
                return Err(ImportError::UnknownInput { input: name.clone(), available });
            }
        }
        Ok(())
    }

    /// Reports a faulty input; if the walk goes on, the input stands for nothing.
    fn broken_input(&mut self, name: &str, error: ImportError) -> Result<(), ImportError> {
        self.observer.problem(error)?;
        self.define(name, Binding::Broken)
    }

    /// The shape the user gave, directly or by a value.
    fn given_shape(&self, name: &str) -> Option<Vec<usize>> {
        let of_value = self.options.input_values.get(name).map(|t| t.shape().to_vec());
        of_value.or_else(|| self.options.input_shapes.get(name).cloned())
    }

    fn add_input(&mut self, input: &Input, shape: Vec<usize>) -> Result<(), ImportError> {
        let refuse = |reason: String| ImportError::InputType { input: input.name.to_owned(), reason };
        let ty = TensorType::new(input.dtype, shape);
        if ty.checked_bytes().is_none() || ty.rank() > MAX_RANK {
            return Err(refuse(format!("the shape {:?} is too large", ty.shape)));
        }
        let id = match self.options.input_values.get(input.name) {
            Some(value) if value.dtype() != input.dtype => {
                return Err(refuse(format!("the given value is {}, the model wants {}", value.dtype(), input.dtype)));
            }
            Some(value) => self.builder.graph.add_constant(input.name, value.clone()),
            None => self.builder.graph.add_input(input.name, ty),
        };
        self.define(input.name, Binding::Value(id))
    }
}

/// Reads a declared input.
fn read(info: &ValueInfoProto) -> Result<Input<'_>, ImportError> {
    let refuse = |reason: String| ImportError::InputType { input: info.name.clone(), reason };
    let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return Err(refuse("it is not a tensor; sequences, maps and optional values are not supported".into()));
    };
    let dtype = dtype::from_code(i64::from(tensor.elem_type)).map_err(|fault| refuse(fault.to_string()))?;
    let extent = |value: &Option<Dimension>| match value {
        Some(Dimension::DimValue(n)) => usize::try_from(*n).map_or(Extent::Unknown, Extent::Fixed),
        Some(Dimension::DimParam(s)) if !s.is_empty() && s != "?" => Extent::Symbol(s.clone()),
        _ => Extent::Unknown,
    };
    let shape = tensor.shape.as_ref().map(|s| s.dim.iter().map(|d| extent(&d.value)).collect());
    Ok(Input { name: &info.name, dtype, shape })
}

impl Input<'_> {
    /// The declared shape, open dimensions by name.
    fn describe(&self) -> String {
        let extent = |e: &Extent| match e {
            Extent::Fixed(n) => n.to_string(),
            Extent::Symbol(s) => s.clone(),
            Extent::Unknown => "?".to_owned(),
        };
        let Some(shape) = &self.shape else { return "[?] (rank unknown)".to_owned() };
        format!("[{}]", shape.iter().map(extent).collect::<Vec<_>>().join(","))
    }
}

/// Extents of symbolic dimensions, each with the input that fixed it.
#[derive(Default)]
struct Symbols<'g> {
    known: HashMap<String, (usize, &'g str)>,
}

impl<'g> Symbols<'g> {
    /// Takes over what a given shape says of the input's symbols.
    fn fix(&mut self, input: &Input<'g>, given: &[usize]) -> Result<(), ImportError> {
        let Some(declared) = &input.shape else { return Ok(()) };
        let fits = declared.len() == given.len()
            && declared.iter().zip(given).all(|(d, &g)| !matches!(d, Extent::Fixed(n) if *n != g));
        if !fits {
            let (input, given, declared) = (input.name.to_owned(), given.to_vec(), input.describe());
            return Err(ImportError::ShapeMismatch { input, given, declared });
        }
        for (extent, &given) in declared.iter().zip(given) {
            let Extent::Symbol(symbol) = extent else { continue };
            let &mut (first, first_input) = self.known.entry(symbol.clone()).or_insert((given, input.name));
            if first != given {
                return Err(ImportError::SymbolMismatch {
                    symbol: symbol.clone(),
                    first_input: first_input.to_owned(),
                    first,
                    second_input: input.name.to_owned(),
                    second: given,
                });
            }
        }
        Ok(())
    }

    /// The input's shape, when everything in it is known.
    fn resolve(&self, input: &Input) -> Option<Vec<usize>> {
        let extent = |e: &Extent| match e {
            Extent::Fixed(n) => Some(*n),
            Extent::Symbol(s) => self.known.get(s).map(|&(n, _)| n),
            Extent::Unknown => None,
        };
        input.shape.as_ref()?.iter().map(extent).collect()
    }
}
