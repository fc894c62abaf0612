#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/exchange.hpp"

namespace tapedeck::storage {

/// The URL of an exchange as view `exchange_url` shows it, in bytes.
std::string url_of(const Exchange& exchange);

/// Sets scheme, host, port, path and query to what `url` says. Anything is taken, since a log holds
/// URLs that no grammar allows: what has no "scheme://" is all path. A fragment is dropped.
void set_url(Exchange& exchange, std::string_view url);

/// True when set_url(url_of(exchange)) gives the same columns.
bool url_says_all(const Exchange& exchange);

/// The name and value pairs of a query or of a form, decoded; one that is not UTF-8 when decoded
/// stays as it is written.
std::vector<std::pair<std::string, std::string>> decoded_pairs(std::string_view query);

}  // namespace tapedeck::storage
