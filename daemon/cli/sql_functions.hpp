#pragma once

#include "storage/sqlite.hpp"

namespace tapedeck::cli {

/// Adds to a read-only connection what `tapedeck sql` promises:
///   header(fields, name)  the values of that name in a header column, joined with ", ", or NULL
///   body(id)              a body's stored bytes, by body.id
///   body_text(id)         the same decoded (gzip and zstd by their first bytes) as text
/// and denies everything that is not reading: ATTACH, writing, changing pragmas.
void add_sql_functions(storage::Database& log);

}  // namespace tapedeck::cli
