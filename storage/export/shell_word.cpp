#include "storage/export/shell_word.hpp"

#include <algorithm>

#include "client/http/grammar.hpp"

namespace tapedeck::storage {
namespace {

/// Means nothing to any shell, in any place of a command but the first.
bool is_plain(char c) {
  constexpr std::string_view kOthers = "-._/:,@%+=";
  const auto lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || http::is(c, http::kDigit) ||
         kOthers.find(c) != std::string_view::npos;
}

}  // namespace

bool is_script_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t'; });
}

std::string shell_word(std::string_view bytes) {
  if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), is_plain)) {
    return std::string(bytes);
  }
  if (!is_script_text(bytes)) return "\"$(printf " + printf_format(bytes) + ")\"";
  std::string word = "'";
  for (const char c : bytes) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word += '\'';
}

std::string printf_format(std::string_view bytes) {
  // A '-' at the front would begin an option.
  std::string format = "'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%') {
      format += "%%";
    } else if (byte < ' ' || (c == '-' && format.size() == 1) || byte >= 0x7f || c == '\'' ||
               c == '\\') {
      format += '\\';
      format += static_cast<char>('0' + (byte >> 6));
      format += static_cast<char>('0' + (byte >> 3 & 7));
      format += static_cast<char>('0' + (byte & 7));
    } else {
      format += c;
    }
  }
  return format += '\'';
}

}  // namespace tapedeck::storage
