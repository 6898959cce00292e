//! What Prow's plugins are told: one block for each of them.

use std::collections::BTreeMap;

use serde::de::MapAccess;

use crate::settings::{
    ApproveSettings, BlockadeSettings, BranchCleanerSettings, BugzillaBlock, CherryPickApprovedSettings,
    CherryPickUnapprovedSettings, ConfigUpdaterSettings, DcoSettings, GolintSettings, HeartSettings, HelpSettings,
    InvalidCommitMsgSettings, JiraSettings, LabelBlock, LgtmSettings, MilestoneSettings, OverrideSettings, OwnersBlock,
    PictureSettings, ProjectManagerSettings, ProjectSettings, ReleaseNoteSettings, RequireMatchingLabelSettings,
    RetitleSettings, ReviewersSettings, SigMentionSettings, SizeSettings, SlackSettings, TriggerSettings,
    WelcomeSettings,
};

/// One list of the blocks, of which the struct, its reading by key and the look at what is filled are made.
macro_rules! blocks {
    ($($field:ident: $kind:ty = $key:literal,)*) => {
        /// The blocks, each by its key in plugins.yaml.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Blocks {
            $(#[doc = concat!("`", $key, "`")] pub $field: $kind,)*
        }

        impl Blocks {
            /// Reads the value that belongs to `key`; false if no plugin has such a block.
            pub(super) fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
                match key {
                    $($key => self.$field = map.next_value::<Option<_>>()?.unwrap_or_default(),)*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// The keys under which something is said.
            pub(super) fn filled(&self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(if self.$field != <$kind>::default() {
                    keys.push($key);
                })*
                keys
            }
        }
    };
}

blocks! {
    approve: Vec<ApproveSettings> = "approve",
    blockades: Vec<BlockadeSettings> = "blockades",
    blunderbuss: ReviewersSettings = "blunderbuss",
    branch_cleaner: BranchCleanerSettings = "branch_cleaner",
    bugzilla: BugzillaBlock = "bugzilla",
    cat: PictureSettings = "cat",
    cherry_pick_approved: Vec<CherryPickApprovedSettings> = "cherry_pick_approved",
    cherry_pick_unapproved: CherryPickUnapprovedSettings = "cherry_pick_unapproved",
    config_updater: ConfigUpdaterSettings = "config_updater",
    dco: BTreeMap<String, Option<DcoSettings>> = "dco",
    golint: GolintSettings = "golint",
    goose: PictureSettings = "goose",
    heart: HeartSettings = "heart",
    help: HelpSettings = "help",
    invalid_commit_msg: Vec<InvalidCommitMsgSettings> = "invalid_commit_msg",
    jira: JiraSettings = "jira",
    label: LabelBlock = "label",
    lgtm: Vec<LgtmSettings> = "lgtm",
    milestone_applier: BTreeMap<String, BTreeMap<String, String>> = "milestone_applier",
    overrides: OverrideSettings = "override",
    owners: OwnersBlock = "owners",
    project_config: ProjectSettings = "project_config",
    project_manager: ProjectManagerSettings = "project_manager",
    release_note: ReleaseNoteSettings = "release_note",
    repo_milestone: BTreeMap<String, MilestoneSettings> = "repo_milestone",
    require_matching_label: Vec<RequireMatchingLabelSettings> = "require_matching_label",
    retitle: RetitleSettings = "retitle",
    rifle: ReviewersSettings = "rifle",
    sigmention: SigMentionSettings = "sigmention",
    size: SizeSettings = "size",
    slack: SlackSettings = "slack",
    triggers: Vec<TriggerSettings> = "triggers",
    welcome: Vec<WelcomeSettings> = "welcome",
}

impl Blocks {
    /// Fills in Prow's defaults. What is only ever completed for the repository (an entry that nobody wrote) is not here.
    ///
    /// Behaviour: Prow pkg/plugins/config.go, `setDefaults`; sizes and golint's confidence, which Prow's plugins complete
    /// by themselves, are left for [`super::Plugins::settings`], as the file is checked without them.
    pub(super) fn completed(self) -> Self {
        fn each<T>(entries: Vec<T>, completed: impl FnMut(T) -> T) -> Vec<T> {
            entries.into_iter().map(completed).collect()
        }
        let milestones = self.repo_milestone.into_iter();
        Self {
            approve: each(self.approve, ApproveSettings::completed),
            blunderbuss: self.blunderbuss.completed(),
            cherry_pick_approved: each(self.cherry_pick_approved, CherryPickApprovedSettings::completed),
            cherry_pick_unapproved: self.cherry_pick_unapproved.completed(),
            config_updater: self.config_updater.completed(),
            help: self.help.completed(),
            owners: self.owners.completed(),
            release_note: self.release_note.completed(),
            repo_milestone: milestones.map(|(scope, own)| (scope, own.completed())).collect(),
            require_matching_label: each(self.require_matching_label, RequireMatchingLabelSettings::completed),
            rifle: self.rifle.completed(),
            sigmention: self.sigmention.completed(),
            triggers: each(self.triggers, TriggerSettings::completed),
            ..self
        }
    }
}
