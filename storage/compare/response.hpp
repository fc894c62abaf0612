#pragma once

#include <optional>
#include <string>

#include "client/http/fields.hpp"
#include "storage/compare/comparison.hpp"
#include "storage/compare/content.hpp"
#include "storage/match/rules.hpp"

namespace tapedeck::storage {

/// An answer as it is compared with another.
struct ComparedResponse {
  int status = 0;  ///< 0: there was none
  std::string reason;
  http::Fields headers;
  std::string failure;  ///< why there was none, or not the whole of it; empty: all went well
  std::optional<Content> body;  ///< empty: it is not known
  std::string
      note;  ///< what is to be known of the body: why it is not, or is as it was on the wire
};

/// Where two answers differ: how they ended, status, headers, body.
Comparison compare(const ComparedResponse& before, const ComparedResponse& after,
                   const MatchRules::Scope& rules);

}  // namespace tapedeck::storage
