#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/content_decoder.hpp"
#include "storage/redact/redaction.hpp"

namespace tapedeck::storage {

/// A body that may hold a secret, on its way to the log: it is held, up to the redaction's limit,
/// until its end tells what may be kept of it. Knows nothing of disks and threads.
class HeldBody {
 public:
  /// What to do with what was appended.
  enum class Fate {
    held,       ///< not known yet
    unchanged,  ///< keep take() as it came, and whatever follows
    replaced,   ///< keep take(), which has tokens; its coding has been undone where undone()
    withheld,   ///< keep nothing: it is too large, or not what its head says
  };

  /// Null when no rule concerns a body with that head, and there are no literals to look for.
  static std::unique_ptr<HeldBody> of(const Redaction& redaction, const RedactRules::Scope& rules,
                                      const http::Fields& head);

  /// More of it. What is `unchanged` or `withheld` stays so.
  Fate append(std::span<const char> bytes);
  /// That was all; never `held`.
  Fate finish();

  /// What is to be kept of all that was appended. Call once, when it is unchanged or replaced; of
  /// an unchanged one that is larger than the limit and that was looked through for literals
  /// alone, it is what was held before: nothing.
  std::string take();
  bool undone() const noexcept { return undone_; }
  /// Its coding is not known, or was cut: what it holds was not seen, or not all of it.
  bool broken() const noexcept { return broken_; }

 private:
  /// What its head says that it is.
  enum class Type { json, json_lines, form, multipart, unknown, opaque };

  HeldBody(const Redaction& redaction, RedactRules::Scope rules, const http::Fields& head,
           Type type);
  static Type type_of(const RedactRules::Scope& rules, std::string_view content_type);
  void look(std::span<const char> decoded);
  void grow_large();
  void search_tail();
  void sniff();
  std::optional<std::string> redacted(const std::string& text) const;

  const Redaction& redaction_;
  RedactRules::Scope rules_;
  std::string content_type_;
  Type type_;
  Fate fate_ = Fate::held;
  std::optional<client::ContentDecoder> decoder_;
  bool coded_ = false;
  bool broken_ = false;  ///< its coding could not be undone
  bool large_ = false;   ///< larger than the limit: only looked through
  bool found_ = false;   ///< a literal, in a large one
  bool undone_ = false;
  std::string raw_;   ///< as it came, when that is not what is in text_
  std::string text_;  ///< without its coding
  std::string tail_;  ///< of a large one, what a literal may begin in
};

}  // namespace tapedeck::storage
