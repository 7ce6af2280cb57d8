//! The parts of an artifact that a check may find wrong, by number: a device has no names for them.

macro_rules! parts {
    ($($name:ident = $text:literal,)*) => {
        /// What is wrong in a malformed artifact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[repr(u8)]
        pub enum Part {
            $( #[doc = $text] $name, )*
        }

        impl Part {
            /// The parts, by number.
            const ALL: &[Part] = &[$( Part::$name, )*];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Part::$name => $text, )*
                }
            }
        }
    };
}

// The order is that of the numbers on a wire: new ones come at the end.
parts! {
    Strings = "strings",
    GoldenLength = "golden length",
    GoldenInputCount = "golden input count",
    GoldenSampleCount = "golden sample count",
    GoldenOutput = "golden output",
    GoldenElement = "golden element",
    ReservedGoldenField = "reserved golden field",
    HeaderText = "header text",
    ReservedHeaderField = "reserved header field",
    ArenaAlignment = "arena alignment",
    IoSectionLength = "I/O section length",
    InputCount = "input count",
    OutputCount = "output count",
    DimensionCount = "dimension count",
    AttributeCount = "attribute count",
    Input = "input",
    Output = "output",
    AttributeTensor = "attribute's tensor",
    AttributeKey = "attribute key",
    AttributeValue = "attribute value",
    ElementType = "element type",
    TensorDimensions = "tensor dimensions",
    TensorSize = "tensor size",
    TensorFlags = "tensor flags",
    ProcessorTableLength = "processor table length",
    ProcessorName = "processor name",
    ProcessorKind = "processor kind",
    ReservedProcessorField = "reserved processor field",
    KernelTableLength = "kernel table length",
    KernelName = "kernel name",
    KernelProcessor = "kernel processor",
    KernelEntry = "kernel entry",
    ReservedKernelField = "reserved kernel field",
    StepInfoLength = "step info length",
    StepLabel = "step label",
    MemoryPlanLength = "memory plan length",
    PlannedTensor = "planned tensor",
    ProvenanceLength = "provenance length",
    ProvenanceKey = "provenance key",
    ProvenanceValue = "provenance value",
    PlanLength = "plan length",
    StepCount = "step count",
    ArgumentCount = "argument count",
    GridCount = "grid count",
    StepKernel = "step's kernel",
    StepLaunch = "step launch",
    StepGrid = "step's grid",
    StepArguments = "step's arguments",
    ArgumentAccess = "argument access",
    ArgumentSpace = "argument space",
    ReservedArgumentField = "reserved argument field",
    Argument = "argument",
    SectionCount = "section count",
    PaddingOfTheHeader = "padding of the header",
    SectionTableLength = "section table length",
    SectionTable = "section table",
    SectionProcessor = "section processor",
    Section = "section",
    PaddingBeforeSection = "padding before section",
    TrialLength = "trial length",
    CheckCount = "check count",
    CheckStep = "check's step",
    CheckArgument = "check's argument",
    CheckElementType = "check's element type",
    CheckElements = "check's elements",
    ReservedCheckField = "reserved check field",
}

impl Part {
    /// The part of this number.
    pub fn from_number(number: u64) -> Option<Part> {
        Part::ALL.get(usize::try_from(number).ok()?).copied()
    }
}
