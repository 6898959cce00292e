//! `\pL`, `\p{Greek}`: which names of Unicode's categories and scripts Go takes.

use super::translator::Translator;

/// Categories, in lower case and without what may stand between words.
const CATEGORIES: &str = "\
    c casedletter cc cf closepunctuation cn cntrl co combiningmark connectorpunctuation control cs currencysymbol \
    dashpunctuation decimalnumber digit enclosingmark finalpunctuation format initialpunctuation l lc letter \
    letternumber lineseparator ll lm lo lowercaseletter lt lu m mark mathsymbol mc me mn modifierletter \
    modifiersymbol n nd nl no nonspacingmark number openpunctuation other otherletter othernumber otherpunctuation \
    othersymbol p paragraphseparator pc pd pe pf pi po privateuse ps punct punctuation s sc separator sk sm so \
    spaceseparator spacingmark surrogate symbol titlecaseletter unassigned uppercaseletter z zl zp zs";

/// Scripts. Those of several words are missing: Go takes none of their names any more.
const SCRIPTS: &str = "\
    adlam ahom arabic armenian avestan balinese bamum batak bengali bhaiksuki bopomofo brahmi braille buginese buhid \
    carian chakma cham cherokee chorasmian common coptic cuneiform cypriot cyrillic deseret devanagari dogra \
    duployan elbasan elymaic ethiopic georgian glagolitic gothic grantha greek gujarati gurmukhi han hangul hanunoo \
    hatran hebrew hiragana inherited javanese kaithi kannada katakana kawi kharoshthi khmer khojki khudawadi lao \
    latin lepcha limbu lisu lycian lydian mahajani makasar malayalam mandaic manichaean marchen medefaidrin miao \
    modi mongolian mro multani myanmar nabataean nandinagari newa nko nushu ogham oriya osage osmanya palmyrene \
    phoenician rejang runic samaritan saurashtra sharada shavian siddham sinhala sogdian soyombo sundanese syriac \
    tagalog tagbanwa takri tamil tangsa tangut telugu thaana thai tibetan tifinagh tirhuta toto ugaritic vai \
    vithkuqi wancho yezidi yi";

impl Translator<'_> {
    /// What follows `\p` or `\P`.
    pub(super) fn unicode_class(&mut self, letter: char) -> Result<String, String> {
        let name = match self.rest.next() {
            Some('{') => self.braced(),
            Some(c) => Some(c.to_string()),
            None => None,
        };
        let wrong = || format!("`\\{letter}` takes a category or script that Go knows, like `\\{letter}{{L}}`");
        let name = name.ok_or_else(wrong)?;
        let (bare, negated) = name.strip_prefix('^').map_or((name.as_str(), false), |bare| (bare, true));
        let class = class_of(bare).ok_or_else(wrong)?;
        // Rust has no caret here, but the other letter.
        let letter = if negated == (letter == 'p') { 'P' } else { 'p' };
        Ok(format!("\\{letter}{{{class}}}"))
    }
}

/// The class by a name that means only that to the `regex` crate. Go ignores case and what stands between words.
fn class_of(name: &str) -> Option<String> {
    let plain = name.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let known = |names: &str| names.split(' ').any(|name| name == plain);
    if matches!(plain.as_str(), "any" | "assigned" | "ascii") {
        Some(plain)
    } else if known(CATEGORIES) {
        Some(format!("gc={plain}"))
    } else if known(SCRIPTS) {
        Some(format!("sc={plain}"))
    } else {
        None
    }
}
