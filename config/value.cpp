#include "config/value.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace tapedeck::config {
namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<Unit, 5> kDurations = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 7> kSizes = {{{"KiB", 1ull << 10},
                                         {"MiB", 1ull << 20},
                                         {"GiB", 1ull << 30},
                                         {"k", 1'000},
                                         {"M", 1'000'000},
                                         {"G", 1'000'000'000},
                                         {"B", 1}}};

/// Splits "12kB" into 12 and "kB".
std::optional<std::pair<std::uint64_t, std::string_view>> split(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop == text.data()) return std::nullopt;
  return std::pair(number, std::string_view(stop, static_cast<std::size_t>(end - stop)));
}

template <std::size_t N>
std::optional<std::uint64_t> scale(std::uint64_t number, std::string_view unit,
                                   const std::array<Unit, N>& units) {
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  for (const auto& [name, factor] : units) {
    if (name != unit) continue;
    if (number > max / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  const auto value = scale(parts->first, parts->second, kDurations);
  // A thousand days: what is longer is a slip of the pen, and could overflow a clock.
  if (!value || *value > 86'400'000ull * 1'000) return std::nullopt;
  return std::chrono::milliseconds(*value);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  if (parts->second.empty()) return scale(parts->first, "B", kSizes);
  return scale(parts->first, parts->second, kSizes);
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto parts = split(text);
  if (!parts || !parts->second.empty()) return std::nullopt;
  return parts->first;
}

std::string format_duration(std::chrono::milliseconds value) {
  const auto count = static_cast<std::uint64_t>(value.count());
  for (std::size_t i = kDurations.size(); i-- > 1;) {
    const auto& [name, factor] = kDurations[i];
    if (count >= factor && count % factor == 0) {
      return std::to_string(count / factor) + std::string(name);
    }
  }
  return std::to_string(count) + "ms";
}

std::string format_size(std::uint64_t bytes) {
  for (const std::size_t i : {2u, 1u, 0u}) {
    const auto& [name, factor] = kSizes[i];
    if (bytes >= factor && bytes % factor == 0) {
      return std::to_string(bytes / factor) + std::string(name);
    }
  }
  return std::to_string(bytes);
}

std::optional<double> parse_pace(std::string_view text) {
  if (text == "none") return 0;
  if (text == "recorded") return 1;
  if (!text.ends_with('x')) return std::nullopt;
  text.remove_suffix(1);
  double factor = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && factor >= 0.001 && factor <= 1'000 ? std::optional(factor) : std::nullopt;
}

ClientCert parse_client_cert(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return {};
  const std::string_view files = text.substr(equals + 1);
  const std::size_t comma = std::min(files.find(','), files.size());
  return {std::string(text.substr(0, equals)), std::string(files.substr(0, comma)),
          std::string(files.substr(std::min(comma + 1, files.size())))};
}

}  // namespace tapedeck::config
