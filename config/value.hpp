#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Values as people write them: `500ms`, `10s`, `5m`, `2h`, `30d`; `64KiB`, `2GiB` (powers of 1024)
/// and `10k`, `5M`, `1G` (powers of 1000).
namespace tapedeck::config {

/// A whole number with a unit; empty when it is not one, or does not fit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// A number of bytes; a bare number counts bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::optional<std::uint64_t> parse_count(std::string_view text);

/// The shortest form that parse_* reads back as the same value.
std::string format_duration(std::chrono::milliseconds value);
std::string format_size(std::uint64_t bytes);

/// `none` is 0, `recorded` 1, `2.5x` 2.5; empty when it is none of these, or out of 0.001 to 1000.
std::optional<double> parse_pace(std::string_view text);

/// What `client_cert` says: HOST=FILE[,KEYFILE].
struct ClientCert {
  std::string host;              ///< a host pattern
  std::string certificate_file;  ///< empty: the text is not of that shape
  std::string key_file;          ///< empty: the key is in certificate_file
};
ClientCert parse_client_cert(std::string_view text);

}  // namespace tapedeck::config
