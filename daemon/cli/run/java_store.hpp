#pragma once

#include <string>

namespace tapedeck::cli {

/// The certificates of a PEM text as a PKCS#12 file that Java takes for a trust store. Neither
/// encrypted nor authenticated, since nothing in it is secret: it opens without a password, and
/// with any.
std::string java_store(const std::string& pem);

}  // namespace tapedeck::cli
