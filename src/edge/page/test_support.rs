//! What tests of several pages need.

/// The names of the variants of the enum called `name`, in the order of its source.
pub(super) fn variants(source: &str, name: &str) -> Vec<String> {
    let file = syn::parse_file(source).unwrap();
    let of_it = file.items.into_iter().find_map(|item| {
        if let syn::Item::Enum(found) = item
            && found.ident == name
        {
            Some(found.variants)
        } else {
            None
        }
    });
    let of_it = of_it.unwrap_or_else(|| panic!("no enum {name}"));
    of_it.iter().map(|one| one.ident.to_string()).collect()
}
