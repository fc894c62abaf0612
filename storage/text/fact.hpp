#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::storage {

/// What the text index knows of an exchange beside its words: each fact is one made-up word, `x`
/// and a hash. Two facts may share a word: a match is a candidate, and its row is asked.
enum class Fact : std::uint8_t {
  host,
  domain,  ///< what follows a dot of the host: example.com and com of api.example.com
  method,  ///< in lower case
  status,
  status_class,  ///< "5"
  path,
  type,  ///< three letters in a row of a Content-Type, in lower case
  size,  ///< magnitude() of the larger body
  took,  ///< magnitude() of total_us
  started,
  session,  ///< its id
  has,
  header,  ///< a header's name, in lower case; and the same with =VALUE
  mode,
  state,
  client,  ///< its address without the port
};

std::string fact_word(Fact fact, std::string_view value);
std::string fact_word(Fact fact, std::int64_t value);

/// Half powers of two, as a small number that rises with `value`.
std::int64_t magnitude(std::int64_t value) noexcept;
/// The word of each magnitude from that of `value` on.
std::vector<std::string> magnitudes_from(Fact fact, std::int64_t value);

/// Words for the time an exchange started: the minute or so, and longer and longer spans around it.
std::vector<std::string> started_words(std::int64_t started_at);
/// Words that the exchanges from `from` to before `until` have, one or the other, and few others.
std::vector<std::string> started_between(std::int64_t from, std::int64_t until);
/// Later than any exchange.
inline constexpr std::int64_t kForever = std::int64_t{1} << 52;

/// Three letters in a row of `text`, each, in lower case.
std::vector<std::string> type_words(std::string_view text);

}  // namespace tapedeck::storage
