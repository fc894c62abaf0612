#include "storage/compare/response.hpp"

#include "client/http/url.hpp"
#include "storage/compare/headers.hpp"
#include "storage/compare/json.hpp"
#include "storage/compare/text.hpp"

namespace tapedeck::storage {
namespace {

/// "812 bytes, SHA-256 5f3a9c01…"
std::string described(const Content& content) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = std::to_string(content.size()) + " bytes, SHA-256 ";
  for (std::size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(content.digest()[i]);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text + "…";
}

/// JSON by what it says it is, or by its looks where it says nothing.
bool may_be_json(const http::Fields& headers, std::string_view text) {
  const auto type = headers.get("Content-Type");
  if (type) return http::to_lower(*type).find("json") != std::string::npos;
  return text.starts_with('{') || text.starts_with('[');
}

void compare_bodies(const ComparedResponse& before, const ComparedResponse& after,
                    const MatchRules::Scope& rules, Comparison& comparison) {
  const Content& was = *before.body;
  const Content& is = *after.body;
  if (was.size() == is.size() && was.digest() == is.digest()) return;
  const auto our_text = was.text();
  const auto their_text = is.text();
  if (our_text && their_text) {
    const bool json =
        may_be_json(before.headers, *our_text) && may_be_json(after.headers, *their_text);
    if (json && compare_json(*our_text, *their_text, rules, comparison)) return;
    // Beside nothing, all of a text is one difference.
    if (was.size() > 0 && is.size() > 0) {
      auto lines = compare_text(*our_text, *their_text);
      if (lines.empty()) lines.emplace_back("the end of the last line differs");
      comparison.add({"body", {}, {}, std::move(lines)});
      return;
    }
  }
  comparison.add({"body", described(was), described(is)});
}

}  // namespace

Comparison compare(const ComparedResponse& before, const ComparedResponse& after,
                   const MatchRules::Scope& rules) {
  Comparison comparison;
  if (before.failure != after.failure) {
    const auto told = [](const std::string& failure) {
      return failure.empty() ? std::string("complete") : shortened(failure);
    };
    comparison.add({"answer", told(before.failure), told(after.failure)});
  }
  if (before.status == 0 || after.status == 0) return comparison;
  if (before.status != after.status) {
    comparison.add({"status", std::to_string(before.status), std::to_string(after.status)});
  }
  compare_headers(before.headers, after.headers, rules, comparison);
  std::string none;
  if (!rules.counts(MatchRule::Kind::body, "", none)) return comparison;
  for (const ComparedResponse* side : {&before, &after}) {
    if (!side->note.empty()) {
      comparison.notes.push_back((side == &before ? "body before: " : "body now: ") + side->note);
    }
  }
  if (before.body && after.body) compare_bodies(before, after, rules, comparison);
  return comparison;
}

}  // namespace tapedeck::storage
