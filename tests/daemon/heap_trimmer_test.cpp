#include "daemon/heap_trimmer.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>
#include <vector>

#include <asio/io_context.hpp>

namespace tapedeck {
namespace {

constexpr std::size_t kMiB = 1U << 20U;

std::size_t resident() {
  std::size_t size = 0;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> size >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(HeapTrimmer, GivesBackWhatABurstLeftBelowSomethingInUse) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer brings its own allocator";
#endif
  constexpr std::size_t kSize = 4000;
  std::vector<std::unique_ptr<std::vector<char>>> burst(64 * kMiB / kSize);
  for (auto& piece : burst) piece = std::make_unique<std::vector<char>>(kSize, 'x');
  const auto above = std::make_unique<std::vector<char>>(kSize, 'x');
  burst.clear();
  const std::size_t before = resident();

  asio::io_context context;
  HeapTrimmer trimmer(context, std::chrono::milliseconds(1));
  trimmer.start();
  context.run_one();

  EXPECT_GT(before, 60 * kMiB);
  EXPECT_LT(resident() + 50 * kMiB, before);
}

}  // namespace
}  // namespace tapedeck
