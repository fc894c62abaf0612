#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/body.hpp"
#include "daemon/cli/fetch/job.hpp"

namespace tapedeck::fetch {

/// Reads one --form argument as curl does: `name=text`, `name=@file`, `name=<file`, with
/// `;type=T` and `;filename=F` after it.
Result<FormPart> parse_form_part(std::string_view argument);

/// The parts as multipart/form-data (RFC 7578), files read while they are sent. Its length is known
/// when every file's is. Fails with Stage::send when a file cannot be read.
struct Multipart {
  client::Body body;
  std::string content_type;  ///< with the boundary
};
Result<Multipart> multipart(const std::vector<FormPart>& parts);

}  // namespace tapedeck::fetch
