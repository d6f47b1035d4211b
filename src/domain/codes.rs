//! Closed lists of codes: a variant, its name on the wire, and what a taxpayer reads.

/// Declares a closed enum of codes. The name on the wire is the variant's in snake case; the Chinese name is
/// what the import form takes beside it and what a person reads.
macro_rules! codes {
    ($(#[$about:meta])* $name:ident $title:literal { $($(#[$variant_about:meta])* $variant:ident = $wire:literal $zh:literal,)+ }) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(rename_all = "snake_case")]
        #[schemars(title = $title)]
        pub enum $name {
            $($(#[$variant_about])* #[schemars(title = $zh)] $variant,)+
        }

        impl $name {
            /// Every code, in the order of the form.
            pub const ALL: [$name; [$($wire),+].len()] = [$($name::$variant),+];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $wire,)+ }
            }

            /// The name a taxpayer reads.
            pub fn label_zh(self) -> &'static str {
                match self { $($name::$variant => $zh,)+ }
            }

            /// The code of that name on the wire.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|known| known.as_str() == name)
            }
        }
    };
}
pub(crate) use codes;

#[cfg(test)]
mod tests {
    codes! {
        /// A list of two, for the test.
        Sample "样例" {
            /// One.
            One = "one" "一",
            /// The other.
            TheOther = "the_other" "二",
        }
    }

    #[test]
    fn names_on_the_wire_and_in_code_agree() {
        for code in Sample::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(Sample::from_name(code.as_str()), Some(code));
        }
        assert_eq!(Sample::TheOther.label_zh(), "二");
        assert_eq!(Sample::from_name("二"), None);
        let schema = schemars::schema_for!(Sample).to_value();
        assert_eq!(schema["title"], "样例");
        assert_eq!(schema["oneOf"][1]["title"], "二");
        assert_eq!(schema["oneOf"][1]["const"], "the_other");
    }
}
