//! Why an operator has no program.

use crate::program::verify::VerifyError;

/// A group no program could be built for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// An operator, attribute or element type no recipe covers.
    #[error("node `{node}`: {what} is not supported; rewrite it with other operators or change the element type")]
    Unsupported {
        /// the node
        node: String,
        /// what is not covered
        what: String,
    },
    /// Operands that the graph verifier should have refused.
    #[error("node `{node}`: {what}; please report this")]
    Malformed {
        /// the node
        node: String,
        /// what does not fit
        what: String,
    },
    /// A group whose nodes do not belong together: no anchor among them, or an operand computed too late.
    #[error("group: {0}; please report this")]
    Group(String),
    /// A recipe built a program that breaks a rule.
    #[error("{name}: {source}; please report this")]
    Program {
        /// the program
        name: String,
        /// the rule
        source: VerifyError,
    },
}

/// Why a recipe could not be applied; the group adds which node it was.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    /// not covered
    Unsupported(String),
    /// operands that do not fit the operator
    Malformed(&'static str),
}

impl Refusal {
    pub(super) fn at(self, node: &str) -> RecipeError {
        let node = node.to_string();
        match self {
            Refusal::Unsupported(what) => RecipeError::Unsupported { node, what },
            Refusal::Malformed(what) => RecipeError::Malformed { node, what: what.to_string() },
        }
    }
}
