#pragma once

#include <system_error>

namespace tapedeck {

/// Why a client is turned away.
enum class AccessError {
  credentials_wanted = 1,  ///< none were given, or wrong ones
};

const std::error_category& access_category() noexcept;
std::error_code make_error_code(AccessError error) noexcept;

}  // namespace tapedeck

template <>
struct std::is_error_code_enum<tapedeck::AccessError> : std::true_type {};
