#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "client/http/result.hpp"

namespace tapedeck::cli {

/// Undoes a Content-Encoding: `read` is called once for the coded bytes, which it hands over piece
/// by piece until told to stop; what they mean goes to `take`, until that returns false. "" passes
/// bytes on. It is what storage's exports take as their Decode.
Result<void> decode_body(
    std::string_view coding,
    const std::function<void(const std::function<bool(std::span<const char>)>&)>& read,
    const std::function<bool(std::span<const char>)>& take);

}  // namespace tapedeck::cli
