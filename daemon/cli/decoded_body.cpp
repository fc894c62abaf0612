#include "daemon/cli/decoded_body.hpp"

#include "client/content_decoder.hpp"

namespace tapedeck::cli {

Result<void> decode_body(
    std::string_view coding,
    const std::function<void(const std::function<bool(std::span<const char>)>&)>& read,
    const std::function<bool(std::span<const char>)>& take) {
  bool go_on = true;
  auto decoder = client::ContentDecoder::create(
      coding, {}, [&](std::span<const char> decoded) { go_on = go_on && take(decoded); });
  if (!decoder) return std::move(decoder).error();
  Result<void> result;
  read([&](std::span<const char> piece) {
    result = decoder->push(piece);
    return go_on && result.has_value();
  });
  if (result && go_on) result = decoder->finish();
  return result;
}

}  // namespace tapedeck::cli
