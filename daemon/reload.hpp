#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"

namespace tapedeck {

/// What reading the configuration again came to, as names of options.
struct Reloaded {
  std::vector<std::string_view> changed;
  std::vector<std::string_view> need_restart;  ///< changed in the file, not in force
};

/// Does it; fails with a sentence, and nothing has changed. On the first worker's thread.
using Reload = std::function<Result<Reloaded>()>;

}  // namespace tapedeck
