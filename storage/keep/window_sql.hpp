#pragma once

namespace tapedeck::storage {

/// SQL: table `exchange`, the ids from ?1 to ?2. The LIMIT keeps SQLite from looking for the window
/// among what some other condition on the id selects, all of it for each window.
inline constexpr const char* kWindow =
    "(SELECT * FROM exchange WHERE id BETWEEN ?1 AND ?2 LIMIT -1) AS exchange";

/// SQL: about what a row of `exchange` takes in the file, without its bodies.
inline constexpr const char* kRowSize =
    "150 + coalesce(length(path), 0) + coalesce(length(query), 0)"
    " + coalesce(length(request_headers), 0) + coalesce(length(response_headers), 0)";

/// SQL: holds for exchanges of sessions that are not pinned.
inline constexpr const char* kNotPinned =
    "session_id NOT IN (SELECT session.id FROM session WHERE pinned = 1)";

}  // namespace tapedeck::storage
