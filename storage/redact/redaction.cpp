#include "storage/redact/redaction.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "client/http/grammar.hpp"
#include "storage/redact/pairs.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

/// Headers whose value is a URL, or holds some.
constexpr std::array<std::string_view, 5> kUrlHeaders = {"Referer", "Location", "Content-Location",
                                                         "Refresh", "Link"};

/// A shorter value may stand elsewhere by chance.
constexpr std::size_t kEchoed = 8;

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  for (const std::string_view known : names) {
    if (http::iequals(known, name)) return true;
  }
  return false;
}

/// One exchange being redacted by rules; remembers the secrets it finds.
class Pass {
 public:
  Pass(const TokenKey& key, const RedactRules::Scope& rules)
      : key_(key),
        rules_(rules),
        mark_([this](std::string_view, std::string_view secret) { return token(secret); }) {}

  std::string query(std::string_view pairs) {
    return redacted_pairs(pairs, Kind::query, rules_, mark_);
  }
  std::string url(std::string_view url) { return redacted_url(url, rules_, mark_); }

  std::string header(std::string_view name, std::string_view value) {
    if (rules_.secret(Kind::header, name, value)) return redacted_value(name, value, mark_);
    if (holds_cookies(name) && rules_.has(Kind::cookie)) {
      return redacted_value(name, value, [this](std::string_view cookie, std::string_view secret) {
        return rules_.secret(Kind::cookie, cookie, secret) ? token(secret) : std::string(secret);
      });
    }
    if (rules_.has(Kind::query) && is_among(name, kUrlHeaders)) return url(value);
    return std::string(value);
  }

  std::vector<std::string> take_found() { return std::move(found_); }

 private:
  std::string token(std::string_view secret) {
    if (secret.size() >= kEchoed && !is_token(secret)) found_.emplace_back(secret);
    return key_.token(secret);
  }

  const TokenKey& key_;
  const RedactRules::Scope& rules_;
  Mark mark_;
  std::vector<std::string> found_;
};

/// Puts `clean` in the place of `text` and notes it; false when they are the same.
bool put(Exchange& exchange, std::string& text, std::string clean, std::string_view column) {
  if (clean == text) return false;
  text = std::move(clean);
  note_redacted(exchange, column);
  return true;
}

template <class Change>
bool change_fields(Exchange& exchange, http::Fields& fields, std::string_view column,
                   Change change) {
  bool changed = false;
  http::Fields clean;
  for (const auto& [name, value] : fields) {
    const std::string made = change(name, value);
    changed = changed || made != value;
    clean.add(name, made);
  }
  if (!changed) return false;
  fields = std::move(clean);
  note_redacted(exchange, column);
  return true;
}

template <class Change>
bool change_all_fields(Exchange& exchange, Change change) {
  bool changed = change_fields(exchange, exchange.request_headers, "request_headers", change);
  changed |= change_fields(exchange, exchange.request_trailers, "request_trailers", change);
  changed |= change_fields(exchange, exchange.response_headers, "response_headers", change);
  changed |= change_fields(exchange, exchange.response_trailers, "response_trailers", change);
  return changed;
}

/// Where a secret that stood elsewhere in the exchange may stand too.
bool replace_echoes(Exchange& exchange, const Literals& secrets) {
  if (secrets.empty()) return false;
  bool changed = false;
  const auto clean = [&](std::string& text, std::string_view column) {
    changed |= put(exchange, text, secrets.replaced(text), column);
  };
  clean(exchange.path, "path");
  if (exchange.query) clean(*exchange.query, "query");
  clean(exchange.reason, "reason");
  clean(exchange.error_detail, "error_detail");
  changed |= change_all_fields(
      exchange, [&](std::string_view, std::string_view value) { return secrets.replaced(value); });
  return changed;
}

bool replace_everywhere(Exchange& exchange, const Literals& secrets) {
  bool changed = replace_echoes(exchange, secrets);
  const auto clean = [&](std::string& text, std::string_view column) {
    changed |= put(exchange, text, secrets.replaced(text), column);
  };
  clean(exchange.method, "method");
  clean(exchange.host, "host");
  clean(exchange.match_key, "match_key");
  clean(exchange.tls_sni, "tls_sni");
  return changed;
}

}  // namespace

void note_redacted(Exchange& exchange, std::string_view word) {
  std::string_view known = exchange.redacted;
  while (!known.empty()) {
    const std::size_t end = std::min(known.find(' '), known.size());
    if (known.substr(0, end) == word) return;
    known.remove_prefix(std::min(end + 1, known.size()));
  }
  exchange.redacted.append(exchange.redacted.empty() ? "" : " ").append(word);
}

bool Redaction::redact(Exchange& exchange) const {
  bool changed = false;
  const RedactRules::Scope scope = rules_.scope(exchange.host, exchange.path);
  if (!scope.empty()) {
    Pass pass(key_, scope);
    // Of a target that could not be read, the query is part of the path.
    changed |= put(exchange, exchange.path, pass.url(exchange.path), "path");
    if (exchange.query) {
      changed |= put(exchange, *exchange.query, pass.query(*exchange.query), "query");
    }
    changed |= change_all_fields(exchange, [&](std::string_view name, std::string_view value) {
      return pass.header(name, value);
    });
    changed |= replace_echoes(exchange, Literals(pass.take_found(), key_));
  }
  if (!literals_.empty()) changed |= replace_everywhere(exchange, literals_);
  return changed;
}

std::string Redaction::without_secrets(const Exchange& exchange, std::string text) const {
  Exchange copy = exchange;
  copy.error_detail = std::move(text);
  redact(copy);
  return std::move(copy.error_detail);
}

void Redaction::redact(Parts& parts, std::string_view host, std::string_view path) const {
  const RedactRules::Scope scope = rules_.scope(host, path);
  const auto mark = [this](std::string_view, std::string_view secret) {
    return key_.token(secret);
  };
  for (Part& part : parts) {
    const std::size_t space = std::min(part.name.find(' '), part.name.size());
    const std::string_view kind = std::string_view(part.name).substr(0, space);
    const std::string_view name =
        std::string_view(part.name).substr(std::min(space + 1, part.name.size()));
    if (kind == "query" || kind == "form") {
      const std::string said = form_decoded(part.value);
      if (scope.secret(kind == "query" ? Kind::query : Kind::form, form_decoded(name), said)) {
        part.value = key_.token(said);
      }
    } else if (kind == "json") {
      const bool text = part.value.size() > 1 && part.value.front() == '"';
      const std::string said = text ? part.value.substr(1, part.value.size() - 2) : part.value;
      if (scope.secret(Kind::json, name, said)) part.value = '"' + key_.token(said) + '"';
    } else if (kind == "part" && scope.secret(Kind::form, name, std::nullopt)) {
      part.value = key_.token(part.value);
    } else if (kind == "header" && scope.secret(Kind::header, name, part.value)) {
      part.value = redacted_value(name, part.value, mark);
    }
  }
}

}  // namespace tapedeck::storage
