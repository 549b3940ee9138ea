//! Descriptions, for the OpenAPI document, of types whose limits a derive cannot say. Not here: the limits themselves.

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};

/// What [`crate::spec::JobSpec::check`] lets through as text: everything but control characters, save tab and line feed.
const TEXT: &str = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$";

fn text(least: usize, most: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .min_length(Some(least))
        .max_length(Some(most))
        .pattern(Some(TEXT))
}

/// [`crate::spec::JobSpec::metadata`].
pub(crate) fn metadata() -> Schema {
    ObjectBuilder::new()
        .description(Some(
            "Kept and given back as it is: at most 50 keys of 1–100 characters, values of at most 1,000.",
        ))
        .max_properties(Some(50))
        .property_names(Some(text(1, 100)))
        .additional_properties(Some(AdditionalProperties::from(text(0, 1000))))
        .build()
        .into()
}
