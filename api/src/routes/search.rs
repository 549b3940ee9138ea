//! Finding jobs by their words. Not here: what a word is.

use axum::Json;
use newsreel_model::search::SearchHit;
use serde::Serialize;
use utoipa::ToSchema;

use crate::document::WordsQuery;
use crate::problem::Problem;
use crate::read::Words;
use crate::seen::Seen;

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    /// The jobs, the best match first.
    #[schema(max_items = 200)]
    results: Vec<SearchHit>,
}

/// Find jobs by their words
///
/// Those with every word in title, description, external id and values of metadata together, then those whose subtitles say them within some
/// seconds. Case and accents do not count, the last word may be the beginning of one, and nothing in the text has a special meaning.
#[utoipa::path(
    get, path = "/v1/search", operation_id = "searchJobs", tag = "jobs",
    params(WordsQuery),
    responses((status = 200, description = "What was found.", body = Found))
)]
pub(super) async fn search(seen: Seen, Words(query): Words) -> Result<Json<Found>, Problem> {
    let results = seen.search(query).await?;
    Ok(Json(Found { results }))
}
