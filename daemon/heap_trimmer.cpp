#include "daemon/heap_trimmer.hpp"

#include <cstddef>
#include <malloc.h>

namespace tapedeck {
namespace {

/// Less is not worth the page faults of taking it again.
constexpr std::size_t kWorthTrimming = 8U << 20U;

}  // namespace

void HeapTrimmer::start() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](std::error_code error) {
    if (error) return;
    if (mallinfo2().fordblks > kWorthTrimming) malloc_trim(0);
    start();
  });
}

}  // namespace tapedeck
