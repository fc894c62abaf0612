// How long recording would wait for a chore: performs one on a log and prints its longest steps,
// each with the checkpoint that the recorder makes after it.
//
//   chore_bench COPY-OF-A-LOG NAME ARGUMENTS-AS-JSON

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "storage/checkpointer.hpp"
#include "storage/keep/chores.hpp"
#include "storage/log_writer.hpp"

int main(int argc, char** argv) {
  using namespace tapedeck::storage;
  using Clock = std::chrono::steady_clock;
  if (argc != 4) return 2;
  auto chore = make_chore(argv[2], argv[3]);
  if (!chore) return std::fprintf(stderr, "%s\n", chore.error().detail.c_str()), 2;
  LogWriter writer(argv[1]);
  writer.database().execute("PRAGMA wal_autocheckpoint=0");
  Checkpointer checkpointer(writer.database());
  std::vector<double> steps;
  const auto start = Clock::now();
  for (bool more = true; more;) {
    const auto begin = Clock::now();
    more = (*chore)->step(writer.database());
    checkpointer.after_commit();
    steps.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  const double total = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(steps.begin(), steps.end());
  const auto at = [&](double share) {
    return steps[static_cast<std::size_t>(share * static_cast<double>(steps.size() - 1))];
  };
  std::printf("%s\n%zu steps in %.1f s; ms a step: median %.1f, 99%% %.1f, longest %.1f\n",
              (*chore)->result().c_str(), steps.size(), total, at(0.5), at(0.99), at(1));
}
