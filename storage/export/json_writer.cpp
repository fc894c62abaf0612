#include "storage/export/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "storage/export/utf8.hpp"
#include "storage/json_string.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::size_t kBlock = 64u << 10;

/// UTF-8 with a character that ISO-8859-1 does not have.
bool beyond_latin1(std::string_view bytes) {
  const bool beyond = std::any_of(bytes.begin(), bytes.end(),
                                  [](char c) { return static_cast<unsigned char>(c) > 0xC3; });
  Utf8Check utf8;
  return beyond && utf8.push(bytes) && utf8.complete();
}

}  // namespace

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  buffer_.append("\"").append(name).append("\":");
  first_ = true;
  return *this;
}

void JsonWriter::begin_entry() {
  separate();
  buffer_ += '\n';
  first_ = true;
  begin_object();
}

void JsonWriter::text(std::string_view utf8) {
  begin_string();
  append_json_utf8(utf8, buffer_);
  end_string();
}

void JsonWriter::bytes(std::string_view bytes) {
  begin_string();
  if (beyond_latin1(bytes)) {
    append_json_utf8(bytes, buffer_);
  } else {
    append_json_latin1(bytes, buffer_);
  }
  end_string();
}

void JsonWriter::integer(std::int64_t value) {
  separate();
  buffer_ += std::to_string(value);
}

void JsonWriter::boolean(bool value) {
  separate();
  buffer_ += value ? "true" : "false";
}

void JsonWriter::null() {
  separate();
  buffer_ += "null";
}

void JsonWriter::milliseconds(std::int64_t microseconds) {
  separate();
  buffer_ += std::to_string(microseconds / 1'000);
  if (const auto rest = static_cast<int>(microseconds % 1'000); rest > 0) {
    std::array<char, 8> digits{};
    std::snprintf(digits.data(), digits.size(), ".%03d", rest);
    buffer_ += digits.data();
    while (buffer_.back() == '0') buffer_.pop_back();
  }
}

void JsonWriter::begin_string() {
  separate();
  buffer_ += '"';
}

void JsonWriter::text_piece(std::string_view utf8) {
  append_json_utf8(utf8, buffer_);
  flush_when_full();
}

void JsonWriter::base64_piece(std::string_view bytes) {
  base64_.push(bytes, buffer_);
  flush_when_full();
}

void JsonWriter::end_string() {
  base64_.finish(buffer_);
  buffer_ += '"';
}

void JsonWriter::end_line() {
  buffer_ += '\n';
  first_ = true;
}

void JsonWriter::flush() {
  out_(buffer_);
  buffer_.clear();
}

void JsonWriter::open(char bracket) {
  separate();
  buffer_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  buffer_ += bracket;
  first_ = false;
  flush_when_full();
}

void JsonWriter::separate() {
  if (!first_) buffer_ += ',';
  first_ = false;
}

void JsonWriter::flush_when_full() {
  if (buffer_.size() >= kBlock) flush();
}

}  // namespace tapedeck::storage
