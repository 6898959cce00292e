//! The file that operators apply.

use std::path::Path;

use kubernetes::definition;
use serde_json::Value;

/// `deploy/prowjob-crd.yaml` is what the types say. `BOWSPRIT_UPDATE=1` writes it anew.
#[test]
fn the_file_is_made_of_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prowjob-crd.yaml");
    let yaml = serde_saphyr::to_string(&definition()).unwrap();
    let head = "# The ProwJob as a custom resource. Made of the types in crates/prow:\n\
                #   BOWSPRIT_UPDATE=1 cargo test -p kubernetes the_file_is_made_of_the_types\n\
                # Apply it with `kubectl apply --server-side -f deploy/prowjob-crd.yaml`.\n";
    let wanted = format!("{head}{yaml}");
    if std::env::var_os("BOWSPRIT_UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == wanted, "deploy/prowjob-crd.yaml is not what the types say: BOWSPRIT_UPDATE=1 writes it anew");
    assert_eq!(serde_saphyr::from_str::<Value>(&found).unwrap(), definition(), "what is read is what was written");
}

#[test]
fn it_has_what_prow_s_has() {
    let Some(prow) = crate::generated::prow_definition("it_has_what_prow_s_has") else { return };
    let ours = definition();
    let version = |definition: &Value| definition["spec"]["versions"][0].clone();
    for key in ["group", "names", "scope"] {
        assert_eq!(ours["spec"][key], prow["spec"][key], "{key}");
    }
    let columns = |definition: &Value| -> Vec<Vec<Value>> {
        let columns = version(definition)["additionalPrinterColumns"].as_array().unwrap().clone();
        columns.iter().map(|column| ["name", "type", "jsonPath"].map(|key| column[key].clone()).to_vec()).collect()
    };
    assert_eq!(columns(&ours), columns(&prow));
    assert_eq!(
        ours["metadata"],
        serde_json::json!({
            "name": prow["metadata"]["name"],
            "annotations": { "api-approved.kubernetes.io": prow["metadata"]["annotations"]["api-approved.kubernetes.io"] },
        })
    );
    for definition in [&ours, &prow] {
        let version = version(definition);
        let subresources = version.get("subresources").and_then(Value::as_object);
        assert!(subresources.is_none_or(serde_json::Map::is_empty), "the status is written with the rest");
    }
    let fields = |definition: &Value, part: &str| -> Vec<String> {
        let properties = &version(definition)["schema"]["openAPIV3Schema"]["properties"][part]["properties"];
        let mut names: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    for part in ["spec", "status"] {
        assert_eq!(fields(&ours, part), fields(&prow, part), "{part}");
    }
    let pod_spec = &version(&ours)["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["pod_spec"];
    assert_eq!(pod_spec["x-kubernetes-preserve-unknown-fields"], true);
    assert!(pod_spec.get("properties").is_none(), "a pod is its author's");
}
