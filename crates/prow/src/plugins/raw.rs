//! plugins.yaml as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::blocks::Blocks;
use crate::external::RawExternalPlugin;
use crate::module::RawModule;
use crate::signatures::RawSignatures;

/// plugins.yaml, or a part of it in a file of its own, as it is written.
#[derive(Debug, Clone, Default)]
pub struct RawPlugins {
    /// By org or org/repo.
    pub plugins: BTreeMap<String, RawPluginList>,
    /// By plugin name.
    pub modules: BTreeMap<String, RawModule>,
    /// By prefix of what comes from registries.
    pub signatures: RawSignatures,
    /// By org or org/repo: plugins that are services of their own.
    pub external_plugins: BTreeMap<String, Vec<RawExternalPlugin>>,
    /// What Prow's plugins are told.
    pub blocks: Blocks,
}

/// One entry of `plugins`: a list of names, or that list with excluded repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawPluginList {
    /// In the order of handling.
    pub plugins: Vec<String>,
    /// Repositories of the org that its plugins do not handle.
    pub excluded_repos: Vec<String>,
    /// It is written as a list alone, as Prow's first versions had it.
    pub is_bare: bool,
}

impl<'de> Deserialize<'de> for RawPlugins {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RawPlugins;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a mapping with keys like `plugins` and `modules`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<RawPlugins, E> {
                Ok(RawPlugins::default())
            }

            // By hand and not with `flatten`, which would lose the place of what is wrong.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawPlugins, A::Error> {
                let mut raw = RawPlugins::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "plugins" => raw.plugins = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "signatures" => raw.signatures = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "modules" => raw.modules = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "external_plugins" => raw.external_plugins = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        block => {
                            if !raw.blocks.read(block, &mut map)? {
                                map.next_value::<IgnoredAny>()?;
                            }
                        }
                    }
                }
                Ok(raw)
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for RawPluginList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Long {
            plugins: Option<Vec<String>>,
            excluded_repos: Option<Vec<String>>,
        }
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RawPluginList;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of plugins, or a mapping with `plugins` and `excluded_repos`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<RawPluginList, E> {
                Ok(RawPluginList::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawPluginList, A::Error> {
                let mut plugins = Vec::new();
                while let Some(name) = list.next_element()? {
                    plugins.push(name);
                }
                Ok(RawPluginList { plugins, excluded_repos: Vec::new(), is_bare: true })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawPluginList, A::Error> {
                let long = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RawPluginList {
                    plugins: long.plugins.unwrap_or_default(),
                    excluded_repos: long.excluded_repos.unwrap_or_default(),
                    is_bare: false,
                })
            }
        }
        from.deserialize_any(Reader)
    }
}
