#include "storage/query/recorded.hpp"

#include <algorithm>
#include <utility>

#include "storage/header_json.hpp"
#include "storage/http_text.hpp"
#include "storage/schema.hpp"

namespace tapedeck::storage {

namespace {

/// Those words of `exchange.redacted` that are about the response.
std::string response_words(std::string_view words) {
  std::string about;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    if (word.starts_with("response_") || word == "reason") {
      about.append(about.empty() ? "" : " ").append(word);
    }
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return about;
}

}  // namespace

std::optional<RecordedResponse> read_response(Database& log, std::int64_t exchange_id) {
  Statement row = log.prepare(
      std::string(
          "SELECT status, reason, response_headers, response_trailers, response_size, body.id,") +
      " body.size, body.truncated, body.bytes, " + redacted_column(log) +
      " FROM exchange"
      " LEFT JOIN body ON body.id = response_body_id WHERE exchange.id = ?1");
  if (!row.bind(1, exchange_id).step() || row.is_null(0)) return std::nullopt;
  RecordedResponse response;
  response.status = static_cast<int>(row.integer(0));
  response.reason = from_utf8(row.text(1));
  response.headers = parse_header_json(row.text(2));
  if (!row.is_null(3)) response.trailers = parse_header_json(row.text(3));
  response.size = row.integer(4);
  response.body_id = row.integer(5);
  response.redacted = response_words(row.text(9));
  // A body with tokens in it has another size than what went over the wire.
  if (response.redacted.find("response_body") != std::string::npos && row.integer(5) != 0) {
    response.size = row.integer(6);
  }
  response.missing = response.size > 0 && (response.body_id == 0 || row.integer(7) != 0 ||
                                           row.integer(6) != response.size);
  if (!row.is_null(8)) {
    const auto bytes = row.blob(8);
    response.body.emplace(bytes.data(), bytes.size());
  }
  return response;
}

RecordedTiming read_timing(Database& log, std::int64_t exchange_id) {
  RecordedTiming timing;
  Statement row = log.prepare("SELECT wait_us FROM exchange WHERE id = ?1");
  if (row.bind(1, exchange_id).step()) timing.wait_us = row.integer(0);
  Statement events =
      log.prepare("SELECT offset, at_us FROM stream_event WHERE exchange_id = ?1 ORDER BY offset");
  events.bind(1, exchange_id);
  while (events.step()) timing.events.push_back({events.integer(0), events.integer(1)});
  return timing;
}

BodyPieces::BodyPieces(Database& log, std::int64_t body_id) {
  Statement row = log.prepare("SELECT bytes FROM body WHERE id = ?1");
  if (row.bind(1, body_id).step() && !row.is_null(0)) {
    const auto bytes = row.blob(0);
    small_ = piece_.assign(bytes.data(), bytes.size());
    return;
  }
  chunk_.emplace(log.prepare("SELECT bytes FROM body_chunk WHERE body_id = ?1 AND seq = ?2"));
  chunk_->bind(1, body_id);
}

BodyPieces::BodyPieces(Database& log, const RecordedResponse& response) {
  if (response.body) {
    small_ = *response.body;
    return;
  }
  chunk_.emplace(log.prepare("SELECT bytes FROM body_chunk WHERE body_id = ?1 AND seq = ?2"));
  chunk_->bind(1, response.body_id);
}

std::optional<std::string_view> BodyPieces::next() {
  if (!chunk_) return std::exchange(small_, std::nullopt);
  chunk_->bind(2, next_++);
  if (!chunk_->step()) return std::nullopt;
  const auto bytes = chunk_->blob(0);
  piece_.assign(bytes.data(), bytes.size());
  chunk_->reset();
  return piece_;
}

}  // namespace tapedeck::storage
