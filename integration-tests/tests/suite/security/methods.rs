//! Every method in the contracts.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorSet;

/// The methods whose package is public, or internal, as paths.
pub fn paths(internal: bool) -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).expect("the contracts decode");
    let files = set.file.iter().filter(|file| {
        file.package().starts_with("beseda.") && is_internal(file.package()) == internal
    });
    let methods = files.flat_map(|file| {
        let package = file.package();
        file.service.iter().flat_map(move |service| {
            service
                .method
                .iter()
                .map(move |method| format!("/{package}.{}/{}", service.name(), method.name()))
        })
    });
    methods.collect()
}

fn is_internal(package: &str) -> bool {
    package.contains(".internal.")
}
