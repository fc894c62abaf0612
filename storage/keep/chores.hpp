#pragma once

#include <memory>
#include <string_view>

#include "client/http/result.hpp"
#include "storage/chore.hpp"

namespace tapedeck::storage {

/// The chore of that name with its arguments, a JSON object. Fails with Stage::configure and a
/// sentence when there is none of that name, or the arguments are wrong.
Result<std::unique_ptr<Chore>> make_chore(std::string_view name, std::string_view arguments);

}  // namespace tapedeck::storage
