#pragma once

#include <system_error>

namespace tapedeck {

/// Why a request could not be answered from the recording.
enum class ReplayError {
  not_recorded = 1,  ///< nothing recorded answers it
  incomplete,        ///< what was recorded lacks its body, or part of it
  offline,           ///< it would need the network
};

const std::error_category& replay_category() noexcept;
std::error_code make_error_code(ReplayError error) noexcept;

}  // namespace tapedeck

template <>
struct std::is_error_code_enum<tapedeck::ReplayError> : std::true_type {};
