//! Structs that share keys, as Go's embedded structs do: each is written and read flat, and holds the shared part as one
//! field.
//!
//! `#[serde(flatten)]` does not do: it keeps what it reads aside, so that neither the places of errors nor the keys that
//! nobody reads would be known.

/// `inlined! { policy: Policy { keys of all } pub struct Repo { further keys } … }` makes `Policy`, and a `Repo` with the
/// field `policy` and the further ones, which reads all of the keys from one mapping.
macro_rules! inlined {
    (
        $(#[doc = $common_doc:literal])*
        $part:ident: $common:ident {
            $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? $field:ident: $type:ty,)*
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $common_doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
        #[serde(default)]
        pub struct $common { $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: $type,)* }
        $crate::inlined::inlined! { @with $part $common { $($(#[serde($($serde)*)])? $field: $type,)* } $($rest)* }
    };
    (@with $part:ident $common:ident { $($keys:tt)* }) => {};
    (
        @with $part:ident $common:ident { $($(#[serde($($serde:tt)*)])? $field:ident: $type:ty,)* }
        $(#[doc = $own_doc:literal])*
        pub struct $own:ident {
            $($(#[doc = $extra_doc:literal])* $(#[serde($($extra_serde:tt)*)])? $extra:ident: $extra_type:ty,)*
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $own_doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $own {
            /// The keys that it shares with others.
            pub $part: $common,
            $($(#[doc = $extra_doc])* pub $extra: $extra_type,)*
        }

        impl<'de> serde::Deserialize<'de> for $own {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(Default, serde::Deserialize)]
                #[serde(default)]
                struct Flat {
                    $($(#[serde($($serde)*)])? $field: $type,)*
                    $($(#[serde($($extra_serde)*)])? $extra: $extra_type,)*
                }
                let Flat { $($field,)* $($extra,)* } = serde::Deserialize::deserialize(from)?;
                Ok(Self { $part: $common { $($field,)* }, $($extra,)* })
            }
        }
        $crate::inlined::inlined! { @with $part $common { $($(#[serde($($serde)*)])? $field: $type,)* } $($rest)* }
    };
}

pub(crate) use inlined;

#[cfg(test)]
#[expect(unreachable_pub, reason = "what the macro makes is public")]
mod tests {
    use serde_json::json;

    inlined! {
        /// What both have.
        shared: Shared {
            /// A key.
            #[serde(rename = "a-b")]
            a: Option<bool>,
            /// Another.
            b: Vec<String>,
        }
        /// The outer one.
        pub struct Outer {
            /// The inner ones.
            inner: Vec<Inner>,
        }
        /// The inner one.
        pub struct Inner {
            /// A key of its own.
            c: i64,
        }
    }

    #[test]
    fn shared_keys_and_own_ones_stand_side_by_side() {
        let outer: Outer = serde_json::from_value(json!({"a-b": true, "inner": [{"b": ["x"], "c": 1}]})).unwrap();
        let inner = Inner { shared: Shared { a: None, b: vec!["x".to_owned()] }, c: 1 };
        assert_eq!(outer, Outer { shared: Shared { a: Some(true), b: Vec::new() }, inner: vec![inner] });
    }
}
