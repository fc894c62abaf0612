#include "daemon/housekeeper.hpp"

#include <sstream>

#include <asio/post.hpp>

#include "config/value.hpp"
#include "daemon/log.hpp"
#include "storage/session_table.hpp"

namespace tapedeck {
namespace {

Failure wrong(std::string_view rule, const std::string& why) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 "retain '" + std::string(rule) + "': " + why};
}

Result<storage::RetentionRule> parse_rule(const std::string& text) {
  storage::RetentionRule rule;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word.starts_with("age=")) {
      const auto age = config::parse_duration(std::string_view(word).substr(4));
      if (!age || age->count() == 0) return wrong(text, "expected age= and a duration such as 30d");
      rule.age_us = std::chrono::microseconds(*age).count();
    } else if (word.starts_with("size=")) {
      const auto size = config::parse_size(std::string_view(word).substr(5));
      if (!size) return wrong(text, "expected size= and a size such as 2GiB");
      rule.size = static_cast<std::int64_t>(*size);
    } else {
      rule.terms.push_back(std::move(word));
    }
  }
  if (!rule.age_us && !rule.size) return wrong(text, "expected age=DURATION, size=SIZE or both");
  auto filter = storage::Filter::parse(rule.terms, storage::unix_microseconds());
  if (!filter) return wrong(text, filter.error().detail);
  return rule;
}

}  // namespace

Result<std::vector<storage::RetentionRule>> parse_retention(const std::vector<std::string>& rules) {
  std::vector<storage::RetentionRule> parsed;
  for (const std::string& text : rules) {
    auto rule = parse_rule(text);
    if (!rule) return std::move(rule).error();
    parsed.push_back(*std::move(rule));
  }
  return parsed;
}

Housekeeper::Housekeeper(asio::io_context& context, storage::Recorder& recorder,
                         std::vector<storage::RetentionRule> rules,
                         std::chrono::milliseconds interval)
    : context_(context),
      recorder_(recorder),
      rules_(std::move(rules)),
      interval_(interval),
      timer_(context.get_executor()) {}

void Housekeeper::start() {
  if (rules_.empty()) return wait();
  const auto work = std::make_shared<storage::Retention>(rules_);
  recorder_.perform(work, [this, work](const std::string& error) {
    if (!error.empty()) {
      log::get(log::Component::record).error("retain: {}", log::escape(error));
    } else if (const storage::Removed& removed = work->removed(); removed.exchanges > 0) {
      log::get(log::Component::record)
          .info("retain: removed {} exchanges, {} bodies of {}", removed.exchanges, removed.bodies,
                config::format_size(static_cast<std::uint64_t>(removed.bytes)));
    }
    asio::post(context_, [this] { wait(); });
  });
}

void Housekeeper::follow(std::vector<storage::RetentionRule> rules,
                         std::chrono::milliseconds interval) {
  rules_ = std::move(rules);
  interval_ = interval;
  // A wait that this ends begins anew; work that is being done ends by its own rules.
  if (timer_.cancel() > 0) start();
}

void Housekeeper::wait() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](std::error_code error) {
    if (!error) start();
  });
}

}  // namespace tapedeck
