#include "storage/body_limits.hpp"

#include <algorithm>

#include "storage/glob.hpp"
#include "storage/media_type.hpp"

namespace tapedeck::storage {

std::int64_t BodyLimits::of(Side side, std::string_view content_type) const {
  std::string type = media_type(content_type);
  if (type.empty()) type = "application/octet-stream";
  std::int64_t smallest = kNone;
  for (const BodyLimit& limit : limits_) {
    const bool concerned = side == Side::request ? limit.request : limit.response;
    if (concerned && glob(limit.type, type)) smallest = std::min(smallest, limit.bytes);
  }
  return smallest;
}

}  // namespace tapedeck::storage
