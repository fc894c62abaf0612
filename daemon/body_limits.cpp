#include "daemon/body_limits.hpp"

#include <string_view>
#include <utility>

#include "client/http/url.hpp"
#include "config/value.hpp"

namespace tapedeck {
namespace {

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

Result<storage::BodyLimit> parse_rule(const std::string& rule) {
  storage::BodyLimit limit;
  std::string_view rest = rule;
  if (take(rest, "request ")) {
    limit.response = false;
  } else if (take(rest, "response ")) {
    limit.request = false;
  }
  const auto wrong = [&](const char* why) {
    return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure,
                   Blame::local, "body_limit '" + rule + "': " + why};
  };
  if (const std::size_t equals = rest.find('='); equals != std::string_view::npos) {
    const std::string_view type = rest.substr(0, equals);
    if (type != "*" && type.find('/') == std::string_view::npos) {
      return wrong("expected a media type such as image/* before '='");
    }
    limit.type = http::to_lower(type);
    rest.remove_prefix(equals + 1);
  }
  const auto size = config::parse_size(rest);
  if (!size)
    return wrong("expected [request|response ][TYPE=]SIZE, such as response image/*=64KiB");
  limit.bytes = static_cast<std::int64_t>(*size);
  return limit;
}

}  // namespace

Result<storage::BodyLimits> parse_body_limits(const std::vector<std::string>& rules) {
  std::vector<storage::BodyLimit> limits;
  for (const std::string& rule : rules) {
    auto limit = parse_rule(rule);
    if (!limit) return std::move(limit).error();
    limits.push_back(*std::move(limit));
  }
  return storage::BodyLimits(std::move(limits));
}

}  // namespace tapedeck
