#include "storage/export/timestamp.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "client/http/grammar.hpp"

namespace tapedeck::storage {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

/// Reads a text from its front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool literal(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// `least` to `most` digits.
  bool number(int& value, std::size_t least, std::size_t most) {
    std::size_t size = 0;
    while (size < text_.size() && size < most && http::is(text_[size], http::kDigit)) ++size;
    if (size < least) return false;
    std::from_chars(text_.data(), text_.data() + size, value);
    text_.remove_prefix(size);
    return true;
  }
  /// The fraction of a second in microseconds; digits beyond are dropped.
  bool fraction(std::int64_t& microseconds) {
    std::size_t size = 0;
    for (std::int64_t unit = 100'000; size < text_.size() && http::is(text_[size], http::kDigit);
         ++size, unit /= 10) {
      microseconds += (text_[size] - '0') * unit;
    }
    text_.remove_prefix(size);
    return size > 0;
  }
  /// Up to the next of `stops`.
  std::string_view word(std::string_view stops) {
    const std::string_view found = text_.substr(0, text_.find_first_of(stops));
    text_.remove_prefix(found.size());
    return found;
  }
  void skip(std::string_view characters) {
    while (!text_.empty() && characters.find(text_.front()) != std::string_view::npos) {
      text_.remove_prefix(1);
    }
  }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

struct Time {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  std::optional<std::int64_t> microseconds() const {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    // A leap second is a second.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::int64_t seconds = sys_days(date).time_since_epoch() / days(1) * 86'400LL +
                                 hour * 3'600 + minute * 60 + second;
    return seconds * 1'000'000;
  }
};

bool clock(Scanner& in, Time& time) {
  return in.number(time.hour, 1, 2) && in.literal(':') && in.number(time.minute, 2, 2) &&
         in.literal(':') && in.number(time.second, 2, 2);
}

/// "Z", "+01:00", "-0530".
bool offset(Scanner& in, int& minutes) {
  if (in.literal('Z') || in.literal('z')) return true;
  const bool west = in.literal('-');
  int hours = 0;
  int rest = 0;
  if (!west && !in.literal('+')) return false;
  if (!in.number(hours, 2, 2)) return false;
  in.literal(':');
  if (!in.number(rest, 2, 2)) return false;
  minutes = (hours * 60 + rest) * (west ? -1 : 1);
  return true;
}

int month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (http::iequals(name.substr(0, 3), kMonths[i])) return static_cast<int>(i) + 1;
  }
  return 0;
}

}  // namespace

std::string to_iso8601(std::int64_t microseconds) {
  const std::chrono::sys_time<std::chrono::microseconds> time{
      std::chrono::microseconds(microseconds)};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  Scanner in(text);
  Time time;
  std::int64_t fraction = 0;
  int minutes = 0;
  if (!in.number(time.year, 4, 4) || !in.literal('-') || !in.number(time.month, 2, 2) ||
      !in.literal('-') || !in.number(time.day, 2, 2)) {
    return std::nullopt;
  }
  if (!in.literal('T') && !in.literal('t')) return std::nullopt;
  if (!clock(in, time) || (in.literal('.') && !in.fraction(fraction)) || !offset(in, minutes) ||
      !in.done()) {
    return std::nullopt;
  }
  const auto whole = time.microseconds();
  if (!whole) return std::nullopt;
  return *whole + fraction - minutes * 60'000'000LL;
}

std::optional<std::int64_t> parse_cookie_date(std::string_view text) {
  Scanner in(text);
  Time time;
  in.word(",");
  in.skip(", ");
  if (!in.number(time.day, 1, 2)) return std::nullopt;
  in.skip("- ");
  time.month = month_number(in.word("- "));
  in.skip("- ");
  if (!in.number(time.year, 2, 4)) return std::nullopt;
  if (time.year < 100) time.year += time.year < 70 ? 2000 : 1900;
  in.skip(" ");
  if (!clock(in, time)) return std::nullopt;
  return time.microseconds();
}

}  // namespace tapedeck::storage
