#include "daemon/fault/faults.hpp"

#include "client/http/url.hpp"
#include "config/value.hpp"
#include "storage/glob.hpp"

namespace tapedeck {
namespace {

Failure wrong(std::string_view rule, const std::string& why) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 "fault '" + std::string(rule) + "': " + why};
}

/// SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit given.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

Result<std::shared_ptr<Faults>> Faults::parse(const std::vector<std::string>& rules,
                                              std::uint64_t seed) {
  auto faults = std::make_shared<Faults>();
  faults->seed_ = seed;
  for (const std::string& text : rules) {
    auto rule = std::make_unique<Rule>();
    rule->text = text;
    std::string_view what = text;
    if (const std::size_t space = text.find(' '); space != std::string::npos) {
      const std::string_view where = what.substr(0, space);
      const std::size_t slash = std::min(where.find('/'), where.size());
      rule->host = http::to_lower(where.substr(0, slash));
      if (slash < where.size()) rule->path = where.substr(slash);
      what.remove_prefix(space + 1);
    }
    if (const std::size_t at = what.find('@'); at != std::string_view::npos) {
      std::string_view share = what.substr(at + 1);
      if (share.ends_with('%')) share.remove_suffix(1);
      const auto percent = config::parse_count(share);
      if (!percent || *percent == 0 || *percent > 100) {
        return wrong(text, "expected a share from 1% to 100% after @");
      }
      rule->percent = static_cast<unsigned>(*percent);
      what = what.substr(0, at);
    }
    if (auto ok = read_kind(what, *rule); !ok) return std::move(ok).error();
    faults->rules_.push_back(std::move(rule));
  }
  return faults;
}

Result<void> Faults::read_kind(std::string_view kind, Rule& rule) {
  const std::size_t equals = std::min(kind.find('='), kind.size());
  const std::string_view name = kind.substr(0, equals);
  const std::string_view value = kind.substr(std::min(equals + 1, kind.size()));
  Strike& strike = rule.strike;
  if (name == "delay") {
    const auto delay = config::parse_duration(value);
    if (!delay || delay->count() == 0) {
      return wrong(rule.text, "expected delay= and a duration such as 500ms");
    }
    strike.delay = *delay;
  } else if (name == "status") {
    const auto status = config::parse_count(value);
    if (!status || *status < 200 || *status > 599) {
      return wrong(rule.text, "expected status= and a number from 200 to 599");
    }
    strike.ending = Strike::Ending::status;
    strike.status = static_cast<int>(*status);
  } else if (name == "throttle") {
    const auto speed = config::parse_size(value);
    if (!speed || *speed == 0) {
      return wrong(rule.text, "expected throttle= and a size, of body a second, such as 10KiB");
    }
    strike.strain.bytes_per_second = *speed;
  } else if (name == "truncate") {
    const auto size = config::parse_size(value);
    if (!size) return wrong(rule.text, "expected truncate= and a size such as 1KiB");
    strike.strain.bytes_left = *size;
    strike.strain.rule = rule.text;
  } else if (kind == "drop" || kind == "reset") {
    strike.ending = kind == "drop" ? Strike::Ending::drop : Strike::Ending::reset;
  } else {
    return wrong(
        rule.text,
        "expected delay=DURATION, status=NNN, throttle=SIZE, truncate=SIZE, drop or reset, not '" +
            std::string(kind) + "'");
  }
  return {};
}

Strike Faults::draw(std::string_view host, std::string_view path) {
  Strike drawn;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    Rule& rule = *rules_[i];
    if (!storage::glob(rule.host, host) || !storage::glob(rule.path, path)) continue;
    const std::uint64_t turn = rule.met.fetch_add(1, std::memory_order_relaxed);
    if (mixed(mixed(seed_ + i) + turn) % 100 >= rule.percent) continue;
    drawn.delay += rule.strike.delay;
    if (drawn.strain.bytes_per_second == 0) {
      drawn.strain.bytes_per_second = rule.strike.strain.bytes_per_second;
    }
    if (drawn.strain.rule.empty()) {
      drawn.strain.bytes_left = rule.strike.strain.bytes_left;
      drawn.strain.rule = rule.strike.strain.rule;
    }
    if (rule.strike.ending == Strike::Ending::none || drawn.ending != Strike::Ending::none)
      continue;
    drawn.ending = rule.strike.ending;
    drawn.status = rule.strike.status;
    drawn.rule = rule.text;
  }
  return drawn;
}

}  // namespace tapedeck
