#include "storage/query/filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <functional>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"
#include "storage/http_text.hpp"
#include "storage/query/words.hpp"
#include "storage/text/fact.hpp"
#include "storage/text/text_index.hpp"

namespace tapedeck::storage {
namespace {

/// One term's condition under construction.
struct Condition {
  std::string sql;
  std::vector<Filter::Value> values;
  /// What the text index has of every exchange that it selects; empty: nothing that helps.
  std::string candidates;
};

struct Kind {
  std::string_view name;
  std::string_view example;
  /// Empty when the value is wrong.
  std::optional<Condition> (*make)(std::string_view value, std::int64_t now_us);
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value > INT64_MAX) return std::nullopt;
  return value;
}

/// A number with one of these units.
std::optional<std::int64_t> scaled(
    std::string_view text, std::initializer_list<std::pair<std::string_view, std::int64_t>> units) {
  std::size_t digits = 0;
  while (digits < text.size() && http::is(text[digits], http::kDigit)) ++digits;
  const auto value = number(text.substr(0, digits));
  if (!value) return std::nullopt;
  for (const auto& [name, factor] : units) {
    if (text.substr(digits) != name) continue;
    const auto count = static_cast<std::int64_t>(*value);
    if (count > INT64_MAX / factor) return std::nullopt;
    return count * factor;
  }
  return std::nullopt;
}

std::optional<std::int64_t> duration_us(std::string_view text) {
  return scaled(text, {{"us", 1},
                       {"ms", 1'000},
                       {"s", 1'000'000},
                       {"m", 60'000'000},
                       {"h", 3'600'000'000},
                       {"d", 86'400'000'000}});
}

std::optional<std::int64_t> byte_count(std::string_view text) {
  return scaled(text, {{"", 1},
                       {"B", 1},
                       {"k", 1'000},
                       {"M", 1'000'000},
                       {"G", 1'000'000'000},
                       {"KiB", 1 << 10},
                       {"MiB", 1 << 20},
                       {"GiB", 1 << 30}});
}

/// `*` matches anything; everything else is literal.
Condition pattern(std::string column, std::string_view text) {
  if (text.find('*') == std::string_view::npos) {
    return {column + " = ?", {std::string(text)}, {}};
  }
  std::string glob;
  for (const char c : text) {
    if (c == '?' || c == '[') {
      glob.append("[").append(1, c).append("]");
    } else {
      glob += c;
    }
  }
  return {column + " GLOB ?", {glob}, {}};
}

template <class Value>
Condition with_fact(Condition condition, Fact fact, Value value) {
  condition.candidates = fact_word(fact, value);
  return condition;
}

std::optional<Condition> host(std::string_view value, std::int64_t) {
  const std::string name = http::to_lower(value);
  const std::size_t star = name.rfind('*');
  Condition condition = pattern("host", name);
  if (star == std::string::npos) return with_fact(std::move(condition), Fact::host, name);
  const std::size_t dot = name.find('.', star);
  if (dot == std::string::npos || dot + 1 == name.size()) return condition;
  return with_fact(std::move(condition), Fact::domain, name.substr(dot + 1));
}

std::optional<Condition> path(std::string_view value, std::int64_t) {
  Condition condition = pattern("path", value);
  if (value.find('*') == std::string_view::npos) {
    return with_fact(std::move(condition), Fact::path, value);
  }
  condition.candidates = all_of(whole_words(value, '*'));
  return condition;
}

std::optional<Condition> client(std::string_view value, std::int64_t) {
  Condition condition = pattern("client", value);
  const std::string_view address = value.substr(0, value.rfind(':'));
  if (address.size() == value.size() || address.find('*') != std::string_view::npos) {
    return condition;
  }
  return with_fact(std::move(condition), Fact::client, address);
}

/// %text% with LIKE's own characters escaped.
std::string containing(std::string_view text) {
  std::string like = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') like += '\\';
    like += c;
  }
  return like + "%";
}

/// `text` as it stands inside a string of the JSON that header columns hold.
std::string inside_json(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// What LIKE finds, where there is no letter or digit to make a word.
Condition sign(std::string_view value) {
  const std::string in_headers = containing(inside_json(value));
  return Condition{
      "((SELECT url FROM exchange_url WHERE exchange_url.id = exchange.id) LIKE ? ESCAPE '\\' "
      "OR request_headers LIKE ? ESCAPE '\\' OR response_headers LIKE ? ESCAPE '\\')",
      {containing(value), in_headers, in_headers},
      {}};
}

/// A bare word: URL, header lines and the beginning of text bodies hold it, as whole words.
Condition word(std::string_view value) {
  const std::vector<std::string> words = words_of(value);
  if (words.empty()) return sign(value);
  const std::string text = containing_words(value);
  const std::string in_headers = containing_words(inside_json(value));
  static const std::string beginning =
      "substr(coalesce(bytes, (SELECT bytes FROM body_chunk WHERE body_id = body.id AND seq = 0)), "
      "1, " +
      std::to_string(kSearchedBytes) + ")";
  return Condition{
      "(lower(' ' || (SELECT url FROM exchange_url WHERE exchange_url.id = exchange.id) || ' ') "
      "GLOB ? OR lower(request_headers) GLOB ? OR lower(response_headers) GLOB ? "
      "OR EXISTS (SELECT 1 FROM body WHERE body.id IN (request_body_id, response_body_id) "
      "AND lower(' ' || CAST(" +
          beginning + " AS TEXT) || ' ') GLOB ?))",
      {text, in_headers, in_headers, text},
      all_of(words)};
}

std::optional<Condition> status(std::string_view value, std::int64_t) {
  if (value.size() == 3 && value.substr(1) == "xx" && value[0] >= '1' && value[0] <= '9') {
    const std::int64_t from = (value[0] - '0') * 100;
    return with_fact({"status BETWEEN ? AND ?", {from, from + 99}, {}}, Fact::status_class,
                     from / 100);
  }
  const auto code = number(value);
  if (!code || value.size() != 3) return std::nullopt;
  const auto status = static_cast<std::int64_t>(*code);
  return with_fact({"status = ?", {status}, {}}, Fact::status, status);
}

/// One, or a range that may be open at either end.
std::optional<Condition> id(std::string_view value, std::int64_t) {
  const std::size_t dots = value.find("..");
  const std::string_view from = value.substr(0, dots);
  const auto first = number(from);
  if (dots == std::string_view::npos) {
    if (!first) return std::nullopt;
    return Condition{"id = ?", {static_cast<std::int64_t>(*first)}, {}};
  }
  const std::string_view to = value.substr(dots + 2);
  const auto last = number(to);
  if (to.empty() && first) return Condition{"id >= ?", {static_cast<std::int64_t>(*first)}, {}};
  if (from.empty() && last) return Condition{"id <= ?", {static_cast<std::int64_t>(*last)}, {}};
  if (!first || !last || *last < *first) return std::nullopt;
  return Condition{"id BETWEEN ? AND ?",
                   {static_cast<std::int64_t>(*first), static_cast<std::int64_t>(*last)},
                   {}};
}

std::optional<Condition> one_of(std::string column, Fact fact, std::string_view value,
                                std::initializer_list<std::string_view> words) {
  if (std::find(words.begin(), words.end(), value) == words.end()) return std::nullopt;
  return with_fact({column + " = ?", {std::string(value)}, {}}, fact, value);
}

std::optional<Condition> has(std::string_view value, std::int64_t) {
  std::string sql;
  if (value == "error") sql = "error_code IS NOT NULL";
  if (value == "request-body") sql = "request_size > 0";
  if (value == "response-body") sql = "response_size > 0";
  if (value == "trailers") {
    sql = "(request_trailers IS NOT NULL OR response_trailers IS NOT NULL)";
  }
  if (sql.empty()) return std::nullopt;
  return with_fact({sql, {}, {}}, Fact::has, value);
}

std::optional<Condition> header(std::string_view value, std::int64_t) {
  const std::size_t equals = value.find('=');
  const std::string name = http::to_lower(value.substr(0, equals));
  if (!http::all(name, http::kToken)) return std::nullopt;
  std::string sql =
      "EXISTS (SELECT 1 FROM (SELECT value FROM json_each(request_headers) UNION ALL "
      "SELECT value FROM json_each(response_headers)) AS line "
      "WHERE lower(json_extract(line.value, '$[0]')) = ?";
  if (equals == std::string_view::npos) {
    return with_fact({sql + ")", {name}, {}}, Fact::header, name);
  }
  sql += " AND json_extract(line.value, '$[1]') = ?)";
  const std::string wanted(value.substr(equals + 1));
  return with_fact({sql, {name, wanted}, {}}, Fact::header, name + '=' + from_utf8(wanted));
}

std::optional<Condition> type(std::string_view value, std::int64_t) {
  return Condition{
      "EXISTS (SELECT 1 FROM json_each(response_headers) AS line "
      "WHERE lower(json_extract(line.value, '$[0]')) = 'content-type' "
      "AND json_extract(line.value, '$[1]') LIKE ? ESCAPE '\\')",
      {containing(value)},
      all_of(type_words(value))};
}

constexpr std::array<Kind, 17> kKinds = {{
    {"host", "host:api.example.com or host:*.example.com", host},
    {"method", "method:POST",
     [](std::string_view v, std::int64_t) {
       return std::optional(with_fact({"method = ? COLLATE NOCASE", {std::string(v)}, {}},
                                      Fact::method, http::to_lower(v)));
     }},
    {"status", "status:404 or status:5xx", status},
    {"path", "path:/v1/*", path},
    {"type", "type:json", type},
    {"larger-than", "larger-than:10k",
     [](std::string_view v, std::int64_t) -> std::optional<Condition> {
       const auto bytes = byte_count(v);
       if (!bytes) return std::nullopt;
       return Condition{"max(request_size, response_size) > ?",
                        {*bytes},
                        any_of(magnitudes_from(Fact::size, *bytes))};
     }},
    {"slower-than", "slower-than:500ms",
     [](std::string_view v, std::int64_t) -> std::optional<Condition> {
       const auto time = duration_us(v);
       if (!time) return std::nullopt;
       return Condition{"total_us > ?", {*time}, any_of(magnitudes_from(Fact::took, *time))};
     }},
    {"since", "since:10m or since:2026-11-23T10:00",
     [](std::string_view v, std::int64_t now) -> std::optional<Condition> {
       const auto time = parse_time(v, now);
       if (!time) return std::nullopt;
       return Condition{"started_at >= ?", {*time}, any_of(started_between(*time, kForever))};
     }},
    {"until", "until:2026-11-23T10:00",
     [](std::string_view v, std::int64_t now) -> std::optional<Condition> {
       const auto time = parse_time(v, now);
       if (!time) return std::nullopt;
       return Condition{"started_at < ?", {*time}, any_of(started_between(0, *time))};
     }},
    {"started", "started:1795413298000123, as the daemon's log and Proxy-Status name an exchange",
     [](std::string_view v, std::int64_t) -> std::optional<Condition> {
       const auto time = number(v);
       if (!time || *time >= kForever) return std::nullopt;
       const auto at = static_cast<std::int64_t>(*time);
       return Condition{"started_at = ?", {at}, any_of(started_between(at, at + 1))};
     }},
    {"session", "session:NAME",
     [](std::string_view v, std::int64_t) {
       return std::optional(Condition{
           "session_id IN (SELECT id FROM session WHERE name = ?)", {std::string(v)}, {}});
     }},
    {"has", "has:error, has:request-body, has:response-body or has:trailers", has},
    {"header", "header:X-Id=7 or header:X-Id", header},
    {"id", "id:7, id:10..20, id:10.. or id:..20", id},
    {"mode", "mode:forward, tunnel, intercept, reverse, replay or fetch",
     [](std::string_view v, std::int64_t) {
       return one_of("mode", Fact::mode, v,
                     {"forward", "tunnel", "intercept", "reverse", "replay", "fetch"});
     }},
    {"state", "state:complete, open, failed, aborted or interrupted",
     [](std::string_view v, std::int64_t) {
       return one_of("state", Fact::state, v,
                     {"complete", "open", "failed", "aborted", "interrupted"});
     }},
    {"client", "client:127.0.0.1:*", client},
}};

Failure wrong(std::string detail) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(detail)};
}

Failure unknown(std::string_view name) {
  std::string known;
  for (const Kind& kind : kKinds) {
    if (!known.empty()) known += ", ";
    known.append(kind.name).append(":");
  }
  return wrong("unknown filter '" + std::string(name) + ":'; filters are " + known +
               " or a bare word");
}

const Kind* find_kind(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return http::iequals(kind.name, name); });
  return found == kKinds.end() ? nullptr : &*found;
}

/// "scheme://…" and "12:30" are words to search for, not filters of that name; so is "Name:" when
/// no filter has that name: header lines are pasted as they are.
bool is_filter_name(std::string_view term, std::size_t colon) {
  if (colon == std::string_view::npos || colon == 0) return false;
  if (term.substr(colon).starts_with("://")) return false;
  const std::string_view name = term.substr(0, colon);
  return find_kind(name) != nullptr || std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '-';
         });
}

Result<Condition> make_condition(std::string_view term, std::int64_t now_us) {
  const std::size_t colon = term.find(':');
  if (!is_filter_name(term, colon)) {
    if (term.empty()) return wrong("an empty filter term");
    return word(term);
  }
  const std::string_view name = term.substr(0, colon);
  const std::string_view value = term.substr(colon + 1);
  const Kind* const kind = find_kind(name);
  if (kind == nullptr) return unknown(name);
  auto condition = value.empty() ? std::nullopt : kind->make(value, now_us);
  if (!condition) {
    return wrong("wrong value in '" + std::string(term) + "'; expected " +
                 std::string(kind->example));
  }
  return *std::move(condition);
}

std::string quoted(const Filter::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  std::string sql = "'";
  for (const char c : std::get<std::string>(value)) {
    if (c == '\'') sql += '\'';
    sql += c;
  }
  return sql + "'";
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_us) {
  if (const auto ago = duration_us(text)) return now_us - *ago;
  const std::string written(text);
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    std::tm local{};
    local.tm_isdst = -1;
    const char* const end = strptime(written.c_str(), format, &local);
    if (end == nullptr || *end != '\0') continue;
    const int day = local.tm_mday;
    const auto seconds = static_cast<std::int64_t>(std::mktime(&local));
    // mktime takes the 31st of February for the 3rd of March.
    if (local.tm_mday != day) return std::nullopt;
    return seconds * 1'000'000;
  }
  return std::nullopt;
}

Result<Filter> Filter::parse(const std::vector<std::string>& terms, std::int64_t now_us) {
  Filter filter;
  for (const std::string& term : terms) {
    const bool negated = term.size() > 1 && term.front() == '-';
    auto condition = make_condition(std::string_view(term).substr(negated ? 1 : 0), now_us);
    if (!condition) return std::move(condition).error();
    // A comparison with NULL is neither true nor false; its negation must hold all the same.
    const std::string sql =
        negated ? "NOT coalesce((" + condition->sql + "), 0)" : "(" + condition->sql + ")";
    filter.condition_ = filter.condition_ == "1" ? sql : filter.condition_ + " AND " + sql;
    if (!negated && !condition->candidates.empty()) {
      if (!filter.candidates_.empty()) filter.candidates_ += " AND ";
      filter.candidates_ += condition->candidates;
    }
    std::move(condition->values.begin(), condition->values.end(),
              std::back_inserter(filter.values_));
  }
  return filter;
}

int Filter::bind(Statement& statement, int first) const {
  for (const Value& value : values_) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      statement.bind(first++, *integer);
    } else {
      statement.bind(first++, std::string_view(std::get<std::string>(value)));
    }
  }
  return first;
}

std::string Filter::readable() const {
  std::string sql;
  std::size_t next = 0;
  bool in_text = false;
  for (const char c : condition_) {
    if (c == '\'') in_text = !in_text;
    if (c == '?' && !in_text) {
      sql += quoted(values_[next++]);
    } else {
      sql += c;
    }
  }
  return sql;
}

}  // namespace tapedeck::storage
