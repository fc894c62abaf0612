#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Bytes of a body that are searched, from its beginning. What follows a NUL byte is not: so most
/// of what is no text, or compressed, has none.
inline constexpr int kSearchedBytes = 16384;

/// Table `exchange_text`: the words of each finished exchange (URL, headers, the beginning of both
/// bodies) and its facts (see Fact), for filters to find candidates by. It runs behind: `position`
/// in `text_position` says how far; what was open when it went by waits in `text_pending`.
/// Nothing depends on it but speed: a row that matches is asked whether it is what was meant.
///
/// Writer thread only. Throws SqliteError.
class TextIndex {
 public:
  explicit TextIndex(Database& log);

  /// Takes in what was finished since, for no longer than `budget`, in a transaction of its own;
  /// false when nothing is left.
  bool step(std::chrono::microseconds budget);

  /// Takes an exchange out, to be called in the caller's transaction while its row and bodies are
  /// still as they were: before either is deleted or changed. Of a changed one, call later() after.
  /// The words stay in the file until they are merged away, see compact().
  void remove(std::int64_t id);
  /// Merges removed words away, for no longer than `budget`, in a transaction of its own; false
  /// when none is left in the file.
  bool compact(std::chrono::microseconds budget);
  /// Has an exchange taken in by a later step(), in the caller's transaction.
  void later(std::int64_t id);

 private:
  bool take_pending(std::chrono::steady_clock::time_point until);
  bool take_new(std::chrono::steady_clock::time_point until);
  /// What is indexed of an exchange.
  const std::string& text_of(std::int64_t id);
  void add_body(std::int64_t id);
  std::int64_t position();

  Database& log_;
  Statement position_;
  Statement set_position_;
  Statement row_;
  Statement body_;
  Statement next_;
  Statement finished_;
  Statement later_;
  Statement done_;
  Statement add_;
  Statement remove_;
  Statement merge_;
  std::string text_;
};

}  // namespace tapedeck::storage
