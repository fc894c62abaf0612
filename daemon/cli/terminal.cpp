#include "daemon/cli/terminal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tapedeck::cli {
namespace {

std::string format(const char* pattern, auto... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;  ///< 0 when the bytes are not UTF-8
};

/// Decodes one code point (RFC 3629: shortest form, no surrogates).
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t size = 0;
  if (first >= 0xc2 && first <= 0xdf) size = 2;
  if (first >= 0xe0 && first <= 0xef) size = 3;
  if (first >= 0xf0 && first <= 0xf4) size = 4;
  if (size == 0 || text.size() < size) return {};
  char32_t value = first & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, size};
}

std::tm local_time(std::int64_t unix_us) {
  const std::time_t seconds = unix_us / 1'000'000;
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

}  // namespace

Terminal Terminal::of_stdout(Color color) {
  Terminal terminal;
  terminal.interactive = isatty(STDOUT_FILENO) != 0;
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const kind = std::getenv("TERM");
  const bool refused = (no_color != nullptr && *no_color != '\0') ||
                       (kind != nullptr && std::string_view(kind) == "dumb");
  terminal.color =
      color == Color::always || (color == Color::automatic && terminal.interactive && !refused);
  if (terminal.interactive) {
    winsize size{};
    terminal.width =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }
  return terminal;
}

std::string styled(const Terminal& terminal, Style style, std::string_view text) {
  constexpr std::array<std::string_view, 7> kCodes = {"", "2", "1", "32", "36", "33", "31"};
  const std::string_view code = kCodes[static_cast<std::size_t>(style)];
  if (!terminal.color || code.empty() || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

bool is_harmful(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
         c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void for_each_code_point(std::string_view text,
                         const std::function<void(char32_t, std::string_view)>& each) {
  while (!text.empty()) {
    const CodePoint c = decode(text);
    each(c.size > 0 ? c.value : kNotUtf8, text.substr(0, std::max<std::size_t>(c.size, 1)));
    text.remove_prefix(std::max<std::size_t>(c.size, 1));
  }
}

std::string harmless(std::string_view text, bool lines) {
  std::string safe;
  safe.reserve(text.size());
  for_each_code_point(text, [&](char32_t value, std::string_view bytes) {
    if (value == kNotUtf8) {
      safe += format("\\x%02x", static_cast<unsigned char>(bytes.front()));
    } else if (!is_harmful(value) || (lines && (value == '\n' || value == '\t'))) {
      safe += bytes;
    } else {
      safe += format(value < 0x100 ? "\\x%02x" : "\\u{%04x}", static_cast<unsigned>(value));
    }
  });
  return safe;
}

std::size_t columns(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) n += (c & '\xc0') != '\x80' ? 1 : 0;
  return n;
}

std::string truncated(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  std::size_t at = 0;
  for (std::size_t n = 0; at < text.size(); ++at) {
    if ((text[at] & '\xc0') != '\x80' && n++ == width - 1) break;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string padded_left(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string padded_right(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string human_size(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return format(unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
}

std::string human_duration(std::int64_t us) {
  const double value = static_cast<double>(us);
  if (us < 1'000) return format("%.0f us", value);
  if (us < 999'500) return format(us < 9'950 ? "%.1f ms" : "%.0f ms", value / 1e3);
  if (us < 60'000'000) return format("%.1f s", value / 1e6);
  const long long seconds = us / 1'000'000;
  if (seconds < 3'600) return format("%lldm%02llds", seconds / 60, seconds % 60);
  return format("%lldh%02lldm", seconds / 3'600, seconds / 60 % 60);
}

std::string human_time(std::int64_t unix_us, std::int64_t now) {
  const std::tm local = local_time(unix_us);
  const std::tm today = local_time(now);
  if (local.tm_year == today.tm_year && local.tm_yday == today.tm_yday) {
    return full_time(unix_us).substr(11);
  }
  std::array<char, 32> text{};
  const bool this_year = local.tm_year == today.tm_year;
  std::strftime(text.data(), text.size(), this_year ? "%b %d %H:%M" : "%b %d  %Y", &local);
  return text.data();
}

std::string full_time(std::int64_t unix_us) {
  const std::tm local = local_time(unix_us);
  return format("%04d-%02d-%02d %02d:%02d:%02d.%03d", local.tm_year + 1900, local.tm_mon + 1,
                local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(unix_us / 1'000 % 1'000));
}

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace tapedeck::cli
