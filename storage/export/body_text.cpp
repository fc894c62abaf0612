#include "storage/export/body_text.hpp"

#include "client/http/grammar.hpp"
#include "storage/export/utf8.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::storage {
namespace {

/// A body up to this size is read once.
constexpr std::size_t kHeld = 1u << 20;

}  // namespace

void BodyText::open(std::optional<std::int64_t> body_id, std::string_view content_encoding) {
  body_id_ = body_id;
  decoded_ = still_coded_ = false;
  if (!present()) {
    held_.clear();
    all_held_ = utf8_ = true;
    return;
  }
  const std::string_view coding = http::trim(content_encoding);
  if (!coding.empty() && !http::iequals(coding, "identity") && look(coding)) {
    decoded_ = true;
    return;
  }
  still_coded_ = !coding.empty();
  look("");
}

/// Finds out what the text is; false when the coding cannot be undone.
bool BodyText::look(std::string_view coding) {
  coding_ = coding;
  held_.clear();
  all_held_ = true;
  Utf8Check utf8;
  bool text = true;
  const auto passed = pass([&](std::span<const char> span) {
    const std::string_view piece(span.data(), span.size());
    text = text && utf8.push(piece);
    all_held_ = all_held_ && held_.size() + piece.size() <= kHeld;
    if (all_held_) held_ += piece;
    // Whether a coding can be undone shows at its end only.
    return text || all_held_ || !coding_.empty();
  });
  utf8_ = text && utf8.complete();
  return passed.has_value();
}

std::optional<std::string_view> BodyText::held() const {
  return all_held_ ? std::optional<std::string_view>(held_) : std::nullopt;
}

std::uint64_t BodyText::write(JsonWriter& json) {
  std::uint64_t size = 0;
  const auto write_piece = [&](std::string_view piece) {
    size += piece.size();
    utf8_ ? json.text_piece(piece) : json.base64_piece(piece);
  };
  json.begin_string();
  if (all_held_) {
    write_piece(held_);
  } else {
    const auto passed = pass([&](std::span<const char> piece) {
      write_piece({piece.data(), piece.size()});
      return true;
    });
    // It could be read a moment ago, and recorded bodies do not change.
    if (!passed) throw FailureError(passed.error());
  }
  json.end_string();
  return size;
}

void BodyText::write_recorded(JsonWriter& json) {
  json.begin_string();
  read_body(log_, *body_id_, [&](std::span<const char> piece) {
    json.base64_piece({piece.data(), piece.size()});
    return true;
  });
  json.end_string();
}

Result<void> BodyText::pass(const TakePiece& take) {
  const auto read = [this](const TakePiece& sink) { read_body(log_, *body_id_, sink); };
  if (!coding_.empty()) return decode_(coding_, read, take);
  read(take);
  return {};
}

}  // namespace tapedeck::storage
