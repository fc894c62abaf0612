// Makes a large log quickly, by the tables' own writers, as months of mixed traffic would leave it:
//
//   log_generator FILE ROWS [--index]
//
// --index: the text index as well; its rows a second and its longest step are printed. Every value
// comes from a fixed seed. The needles among them, for query_bench.py: host rare.example.net,
// method PURGE, status 418, the word "needle" (one row in 20,000 each).

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "storage/body_store.hpp"
#include "storage/exchange_table.hpp"
#include "storage/schema.hpp"
#include "storage/session_table.hpp"
#include "storage/text/text_index.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::storage;
using Clock = std::chrono::steady_clock;

constexpr int kNeedleEvery = 20'000;
constexpr int kRowsATransaction = 5'000;
constexpr const char* kWords[] = {"account", "invoice", "order",  "customer", "shipment", "ledger",
                                  "amber",   "harbour", "meadow", "granite",  "lantern",  "willow",
                                  "error",   "timeout", "ready",  "pending",  "settled",  "void"};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Traffic {
 public:
  std::string body(int n) {
    std::string text = "{\"id\":" + std::to_string(n) + ",\"items\":[";
    for (auto i = below(12); i > 0; --i) text.append("\"").append(word()).append("\",");
    return text + (n % kNeedleEvery == 7 ? "\"needle\"]}" : "null]}");
  }

  Exchange exchange(int n) {
    Exchange row;
    const bool rare = n % kNeedleEvery == 11;
    row.started_at = 1'790'000'000'000'000 + std::int64_t{n} * 2'000'000;
    row.state = State::complete;
    row.mode = Mode::intercept;
    row.method = rare ? "PURGE" : below(5) == 0 ? "POST" : "GET";
    row.scheme = "https";
    row.host =
        rare ? "rare.example.net" : word() + "-" + std::to_string(below(20)) + ".example.com";
    row.port = 443;
    row.path =
        "/v" + std::to_string(below(3)) + "/" + word() + "/" + std::to_string(below(100'000));
    if (below(3) == 0) row.query = "page=" + std::to_string(below(50)) + "&sort=" + word();
    const auto luck = below(100);
    row.status = rare ? 418 : luck < 90 ? 200 : luck < 97 ? 404 : 503;
    row.client = "127.0.0.1:" + std::to_string(20'000 + below(40'000));
    row.timings.total_us = static_cast<std::int64_t>(500 + below(1 << below(20)));
    row.request_headers = {{"Host", row.host},
                           {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"},
                           {"Accept", "application/json, text/plain, */*"},
                           {"Authorization", "Bearer " + std::to_string(below(1'000'000))},
                           {"X-Request-Id", std::to_string(random_())}};
    row.response_headers = {{"Date", "Mon, 23 Nov 2026 05:54:58 GMT"},
                            {"Server", "nginx/1.22.1"},
                            {"Content-Type", below(4) == 0 ? "text/html" : "application/json"},
                            {"Cache-Control", "private, max-age=0"},
                            {"Vary", "Accept-Encoding, Origin"}};
    return row;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string word() { return kWords[below(std::size(kWords))]; }
  std::mt19937_64 random_{1};
};

void fill(Database& log, int rows) {
  BodyStore bodies(log);
  ExchangeTable exchanges(log, begin_session(log, "generated", ""));
  Traffic traffic;
  Sha256 digest;
  for (int n = 0; n < rows;) {
    Transaction transaction(log);
    for (const int end = std::min(rows, n + kRowsATransaction); n < end; ++n) {
      const std::string body = traffic.body(n);
      Exchange row = traffic.exchange(n);
      row.response_size = static_cast<std::int64_t>(body.size());
      digest.update(body);
      exchanges.insert(exchanges.reserve_id(), row, {{}, bodies.store(digest.finish(), body)});
    }
    transaction.commit();
  }
}

void index(Database& log, int rows) {
  TextIndex text(log);
  double longest = 0;
  const auto start = Clock::now();
  for (bool more = true; more;) {
    const auto step = Clock::now();
    more = text.step(std::chrono::milliseconds(8));
    longest = std::max(longest, seconds_since(step));
  }
  std::printf("indexed %.0f rows a second, longest step %.1f ms\n", rows / seconds_since(start),
              longest * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: log_generator FILE ROWS [--index]\n"), 2;
  const int rows = std::atoi(argv[2]);
  make_private(argv[1]);
  Database log(argv[1], Database::Access::read_write_create);
  migrate(log, argv[1]);
  log.execute("PRAGMA synchronous=OFF; PRAGMA cache_size=-65536");
  const auto start = Clock::now();
  fill(log, rows);
  std::printf("wrote %.0f rows a second\n", rows / seconds_since(start));
  if (argc > 3) index(log, rows);
  log.execute("PRAGMA journal_mode=DELETE");
}
