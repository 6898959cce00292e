use super::*;

#[track_caller]
fn check_template(template: &str, fault: Option<&str>) {
    match (check(template), fault) {
        (Ok(()), None) => {}
        (Err(why), Some(fault)) => assert!(why.contains(fault), "{template}: {why}"),
        (found, _) => panic!("{template}: {found:?}"),
    }
}

#[test]
fn what_can_be_parsed() {
    check_template("", None);
    check_template("plain", None);
    check_template("{{if eq .A \"{{end}}\"}}a{{else if .B}}b{{- end -}}", None);
    check_template("{{range .A}}{{with .B}}{{.C}}{{end}}{{end}}", None);
    check_template("{{/* if */}}{{- /* {{if}} */ -}}x", None);
    check_template("{{.ends}}{{`}}`}}", None);
}

#[test]
fn what_cannot() {
    check_template("{{.A", Some("unclosed action"));
    check_template("{{.A | }}", Some("empty command"));
    check_template("{{if .A}}x", Some("`{{if}}` has no `{{end}}`"));
    check_template("{{range .A}}{{if .B}}x{{end}}", Some("`{{range}}` has no `{{end}}`"));
    check_template("x{{end}}", Some("closes nothing"));
    check_template("x{{else}}", Some("belongs to nothing"));
    check_template("{{range .A}}{{else}}{{else}}{{end}}", Some("unexpected token"));
    check_template("{{range .A}}{{else if .B}}{{end}}", Some("follows no `{{if}}`"));
    check_template("{{if .A}}{{define \"t\"}}{{end}}{{end}}", Some("`{{define}}` stands within"));
    check_template("{{block \"t\"}}{{end}}", Some("has no value"));
    check_template("{{ /* c */ }}", Some("a comment begins right after"));
    check_template("{{\"a\nb\"}}", Some("line break"));
    check_template("{{eq .A nil}}", Some("`nil`"));
    check_template("{{..A}}", Some("`..`"));
    check_template("{{printf \"%T\" 1}}", Some("`%T`"));
}

#[test]
fn objects_are_structs_but_labels_are_maps() {
    let data = serde_json::json!({"Name": "a", "Nothing": null, "Labels": {"x": "1"}});
    let render = |template: &str| render(template, &data).ok();
    assert_eq!(render("{{.Name}}{{if .Nothing}}b{{end}}").as_deref(), Some("a"));
    assert_eq!(render("{{.Labels.x}}{{if $.Labels.y}}b{{end}}").as_deref(), Some("1"));
    assert_eq!(render("{{index .Labels \"x\"}}{{index .Labels \"y\"}}").as_deref(), Some("1"));
    assert_eq!(render("{{\".Labels.y\"}}").as_deref(), Some(".Labels.y"));
    assert_eq!(render("{{.Other}}"), None);
    assert_eq!(render("{{.Nothing.Field}}"), None);
}
