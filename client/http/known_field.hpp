#pragma once

#include <string_view>

namespace tapedeck::http {

/// The field names the codec and an intermediary act on; everything else passes untouched.
enum class KnownField {
  other,
  connection,
  content_length,
  date,
  expect,
  host,
  keep_alive,
  max_forwards,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
};

/// Classifies a name, case-insensitively.
KnownField known_field(std::string_view name) noexcept;

}  // namespace tapedeck::http
