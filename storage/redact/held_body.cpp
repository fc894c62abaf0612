#include "storage/redact/held_body.hpp"

#include <algorithm>
#include <utility>

#include "client/http/grammar.hpp"
#include "storage/media_type.hpp"
#include "storage/redact/json.hpp"
#include "storage/redact/multipart.hpp"
#include "storage/redact/pairs.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

/// Types under which servers send JSON without saying so.
bool may_be_json(std::string_view type) {
  return type.empty() || type == "application/octet-stream" || type == "application/javascript" ||
         (type.starts_with("text/") && type != "text/event-stream");
}

}  // namespace

HeldBody::Type HeldBody::type_of(const RedactRules::Scope& rules, std::string_view content_type) {
  const std::string type = media_type(content_type);
  if (rules.has(Kind::form)) {
    if (type == "application/x-www-form-urlencoded") return Type::form;
    if (type == "multipart/form-data") return Type::multipart;
  }
  if (rules.has(Kind::json)) {
    if (is_json(type)) return Type::json;
    if (is_json_lines(type)) return Type::json_lines;
    if (may_be_json(type)) return Type::unknown;
  }
  return Type::opaque;
}

std::unique_ptr<HeldBody> HeldBody::of(const Redaction& redaction, const RedactRules::Scope& rules,
                                       const http::Fields& head) {
  const Type type = type_of(rules, head.get("Content-Type").value_or(""));
  if (type == Type::opaque && !rules.has(Kind::body) && redaction.literals().empty()) {
    return nullptr;
  }
  return std::unique_ptr<HeldBody>(new HeldBody(redaction, rules, head, type));
}

HeldBody::HeldBody(const Redaction& redaction, RedactRules::Scope rules, const http::Fields& head,
                   Type type)
    : redaction_(redaction),
      rules_(std::move(rules)),
      content_type_(head.get("Content-Type").value_or("")),
      type_(type) {
  if (rules_.has(Kind::body)) {
    fate_ = Fate::withheld;
    return;
  }
  const std::string coding = head.joined("Content-Encoding").value_or("");
  coded_ = !coding.empty() && !http::iequals(coding, "identity");
  if (!coded_) return;
  auto decoder = client::ContentDecoder::create(
      coding, {}, [this](std::span<const char> decoded) { look(decoded); });
  if (decoder) {
    decoder_.emplace(*std::move(decoder));
  } else {
    broken_ = true;
  }
}

HeldBody::Fate HeldBody::append(std::span<const char> bytes) {
  if (fate_ != Fate::held) return fate_;
  if (!coded_) {
    look(bytes);
    return fate_;
  }
  if (!large_) raw_.append(bytes.data(), bytes.size());
  if (!broken_) broken_ = !decoder_->push(bytes);
  if (fate_ == Fate::held && !large_ && raw_.size() > redaction_.limit()) grow_large();
  return fate_;
}

void HeldBody::look(std::span<const char> decoded) {
  if (fate_ != Fate::held) return;
  if (large_) {
    tail_.append(decoded.data(), decoded.size());
    search_tail();
    return;
  }
  text_.append(decoded.data(), decoded.size());
  if (type_ == Type::unknown) sniff();
  if (fate_ == Fate::held && text_.size() > redaction_.limit()) grow_large();
}

/// What rules concern must be looked into whole; for literals, the end of each piece is enough.
void HeldBody::grow_large() {
  large_ = true;
  raw_ = {};
  tail_ = std::exchange(text_, {});
  if (type_ != Type::opaque || redaction_.literals().empty()) {
    fate_ = Fate::withheld;
    tail_ = {};
  } else {
    search_tail();
  }
}

void HeldBody::search_tail() {
  found_ = found_ || redaction_.literals().found_in(tail_);
  tail_.erase(0, tail_.size() - std::min(tail_.size(), redaction_.literals().longest()));
}

/// A body of no telling type is JSON when it begins as an object or an array does.
void HeldBody::sniff() {
  const std::size_t first = text_.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string::npos) return;
  if (text_[first] == '{' || text_[first] == '[') {
    type_ = Type::json;
  } else {
    type_ = Type::opaque;
    if (redaction_.literals().empty()) fate_ = Fate::unchanged;
  }
}

HeldBody::Fate HeldBody::finish() {
  if (fate_ != Fate::held) return fate_;
  if (coded_ && !broken_) broken_ = !decoder_->finish();
  if (fate_ != Fate::held) return fate_;
  if (large_) return fate_ = found_ ? Fate::withheld : Fate::unchanged;
  const auto clean = redacted(text_);
  const bool unread = broken_ && type_ != Type::opaque;
  const bool changed = clean && *clean != text_;
  if (!clean || unread || (broken_ && changed)) return fate_ = Fate::withheld;
  if (!changed) return fate_ = Fate::unchanged;
  text_ = *clean;
  undone_ = coded_;
  return fate_ = Fate::replaced;
}

std::optional<std::string> HeldBody::redacted(const std::string& text) const {
  const Mark mark = [this](std::string_view, std::string_view secret) {
    return redaction_.key().token(secret);
  };
  std::optional<std::string> clean = text;
  if (text.empty()) return clean;
  if (type_ == Type::json) clean = redacted_json(text, rules_, mark);
  if (type_ == Type::json_lines) clean = redacted_json_lines(text, rules_, mark);
  if (type_ == Type::form) clean = redacted_pairs(text, Kind::form, rules_, mark);
  if (type_ == Type::multipart) clean = redacted_multipart(text, content_type_, rules_, mark);
  if (clean) clean = redaction_.literals().replaced(*clean);
  return clean;
}

std::string HeldBody::take() {
  return coded_ && fate_ == Fate::unchanged ? std::move(raw_) : std::move(text_);
}

}  // namespace tapedeck::storage
