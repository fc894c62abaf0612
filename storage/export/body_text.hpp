#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/http/result.hpp"
#include "storage/export/json_writer.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Takes a piece; false when no more is wanted.
using TakePiece = std::function<bool(std::span<const char>)>;

/// Undoes a Content-Encoding: calls `read` for the coded bytes and hands on what they mean. Given
/// to this library by who has decoders.
using Decode = std::function<Result<void>(
    std::string_view coding, const std::function<void(const TakePiece&)>& read, const TakePiece&)>;

/// A recorded body as the string of a JSON document: its text where that is UTF-8, else base64;
/// without its content coding where that can be undone. One after another; a body of any size takes
/// constant memory, at the price of being read twice when it is large.
class BodyText {
 public:
  BodyText(Database& log, Decode decode) : log_(log), decode_(std::move(decode)) {}

  /// Turns to a body: nullopt for one that is empty or was not kept.
  void open(std::optional<std::int64_t> body_id, std::string_view content_encoding);

  bool present() const noexcept { return body_id_.has_value(); }
  bool utf8() const noexcept { return utf8_; }
  /// A content coding was undone, so that write() does not give the recorded bytes.
  bool decoded() const noexcept { return decoded_; }
  /// There is a content coding, and write() gives the recorded bytes all the same: it could not be
  /// undone, or is none (identity).
  bool still_coded() const noexcept { return still_coded_; }
  /// The whole text, where it is small enough to be held.
  std::optional<std::string_view> held() const;

  /// Writes the string; returns how many bytes it stands for.
  std::uint64_t write(JsonWriter& json);
  /// Writes the recorded bytes in base64.
  void write_recorded(JsonWriter& json);

 private:
  bool look(std::string_view coding);
  Result<void> pass(const TakePiece& take);

  Database& log_;
  Decode decode_;
  std::optional<std::int64_t> body_id_;
  std::string coding_;
  std::string held_;
  bool all_held_ = false;
  bool utf8_ = false;
  bool decoded_ = false;
  bool still_coded_ = false;
};

}  // namespace tapedeck::storage
