// What recording costs: CPU of the whole process, all threads, by getrusage.
//
//   recorder_bench bare N [LOG]           N rows by one prepared statement, 500 to a transaction
//   recorder_bench recorder N RATE [LOG]  N exchanges through the Recorder, RATE a second (0:
//   unpaced) recorder_bench body MIB               one response body of MIB mebibytes
//
// LOG: one that is there already is added to, to see what its size costs.
// An exchange is a 1 KB GET with ten header lines on either side, made as the proxy makes it: its
// strings and fields are copied into the row. Bodies are all different, the worst case.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "storage/http_text.hpp"
#include "storage/recorder.hpp"
#include "storage/schema.hpp"
#include "storage/sqlite.hpp"

namespace {

using namespace tapedeck;
using Clock = std::chrono::steady_clock;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// A directory of its own below $TMPDIR, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = std::filesystem::temp_directory_path() / "recorder_bench.XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(directory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string database() const { return directory_ / "tapedeck.db"; }

 private:
  std::filesystem::path directory_;
};

const http::Fields kRequest{{"Host", "api.example.com"},
                            {"User-Agent", "python-requests/2.28.1"},
                            {"Accept", "application/json, text/plain, */*"},
                            {"Accept-Encoding", "gzip, deflate, br"},
                            {"Accept-Language", "en-GB,en;q=0.7"},
                            {"Authorization", "Bearer 0123456789abcdef0123456789abcdef"},
                            {"Cookie", "session=0123456789abcdef; theme=dark"},
                            {"Cache-Control", "no-cache"},
                            {"X-Request-Id", "4f9f3e0c-64c8-4dd4-9c1e-0a2b6ff0d52b"},
                            {"Connection", "keep-alive"}};
const http::Fields kResponse{{"Date", "Mon, 23 Nov 2026 05:54:58 GMT"},
                             {"Server", "nginx/1.22.1"},
                             {"Content-Type", "application/json; charset=utf-8"},
                             {"Content-Length", "1024"},
                             {"Cache-Control", "private, max-age=0"},
                             {"ETag", "\"5f2b-1024-abcdef\""},
                             {"Vary", "Accept-Encoding, Origin"},
                             {"X-Frame-Options", "DENY"},
                             {"Strict-Transport-Security", "max-age=31536000"},
                             {"Connection", "keep-alive"}};

void fill(storage::Exchange& row) {
  row.started_at = 1795413298000000;
  row.client = "127.0.0.1:54321";
  row.method = "GET";
  row.scheme = "http";
  row.host = "api.example.com";
  row.port = 80;
  row.path = "/v1/customers/1234/orders";
  row.query = "page=1&per_page=50";
  row.request_version = "HTTP/1.1";
  row.request_headers = kRequest;
  row.status = 200;
  row.reason = "OK";
  row.response_version = "HTTP/1.1";
  row.response_headers = kResponse;
  row.state = storage::State::complete;
  row.timings.send_us = 12;
  row.timings.wait_us = 1234;
  row.timings.receive_us = 50;
  row.timings.total_us = 1300;
  row.upstream_address = "192.0.2.1:80";
  row.upstream_reused = true;
}

/// A kilobyte that differs from every other.
void number(std::string& body, long n) {
  body.resize(1024, 'x');
  std::snprintf(body.data(), 40, "{\"order\": %012ld", n);
}

std::unique_ptr<storage::Recorder> open(std::string log) {
  storage::RecorderOptions options;
  options.path = std::move(log);
  auto recorder = storage::Recorder::open(std::move(options));
  if (recorder) return *std::move(recorder);
  std::fprintf(stderr, "%s\n", recorder.error().to_string().c_str());
  std::exit(1);
}

void wait_for_room(storage::Recorder& recorder) {
  while (recorder.congested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void bare(long count, const std::string& log) {
  storage::make_private(log);
  storage::Database database(log, storage::Database::Access::read_write_create);
  storage::migrate(database, log);
  database.execute("PRAGMA synchronous=NORMAL");
  std::string request;
  std::string response;
  storage::append_header_json(kRequest, request);
  storage::append_header_json(kResponse, response);
  const double before = cpu_seconds();
  {
    storage::Statement body = database.prepare(
        "INSERT INTO body(sha256, size, stored_size, bytes) VALUES(randomblob(32), 1024, 1024, ?)");
    storage::Statement row = database.prepare(
        "INSERT INTO exchange(session_id, started_at, client, mode, method, scheme, host, port,"
        " path, query, request_version, request_headers, request_size, status, reason,"
        " response_version, response_headers, response_size, response_body_id, state, send_us,"
        " wait_us, receive_us, total_us, upstream_address, upstream_reused) VALUES(1,"
        " 1795413298000000, '127.0.0.1:54321', 'forward', 'GET', 'http', 'api.example.com', 80,"
        " '/v1/customers/1234/orders', 'page=1&per_page=50', 'HTTP/1.1', ?1, 0, 200, 'OK',"
        " 'HTTP/1.1', ?2, 1024, ?3, 'complete', 12, 1234, 50, 1300, '192.0.2.1:80', 1)");
    std::string bytes;
    for (long n = 0; n < count;) {
      storage::Transaction transaction(database);
      for (const long end = std::min(count, n + 500); n < end; ++n) {
        number(bytes, n);
        body.bind_blob(1, bytes).run();
        row.bind(1, request).bind(2, response).bind(3, database.last_insert_id()).run();
      }
      transaction.commit();
    }
  }
  const double spent = cpu_seconds() - before;
  std::printf("bare      %6.2f us CPU a row\n", spent * 1e6 / static_cast<double>(count));
}

void recorder(long count, long rate, const std::string& log) {
  double producer = 0;
  const double before = cpu_seconds();
  {
    auto recorder = open(log);
    std::string body;
    const auto start = Clock::now();
    const auto record = [&](long n) {
      storage::Recording recording = recorder->begin();
      fill(recording.row());
      number(body, n);
      recording.response_body(body);
      recording.finish();
    };
    for (long n = 0; n < count;) {
      // A burst a millisecond.
      const long end = std::min(count, n + (rate == 0 ? 100 : std::max(1L, rate / 1000)));
      for (; n < end; ++n) record(n);
      if (rate != 0) {
        std::this_thread::sleep_until(start + std::chrono::microseconds(n * 1000000 / rate));
      }
      wait_for_room(*recorder);
    }
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    producer = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  const double spent = cpu_seconds() - before;
  std::printf("recorder  %6.2f us CPU an exchange, %.2f of it on the producer's thread\n",
              spent * 1e6 / static_cast<double>(count),
              producer * 1e6 / static_cast<double>(count));
}

void body(long mebibytes, const std::string& log) {
  const double before = cpu_seconds();
  const auto start = Clock::now();
  {
    auto recorder = open(log);
    storage::Recording recording = recorder->begin();
    fill(recording.row());
    std::string piece(16 << 10, 'x');
    for (long n = 0; n < mebibytes * 64; ++n) {
      number(piece, n);
      piece.resize(16 << 10, 'x');
      recording.response_body(piece);
      wait_for_room(*recorder);
    }
    recording.finish();
  }
  const double spent = cpu_seconds() - before;
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  std::printf("body      %6.2f s CPU a GiB, %.2f s elapsed, peak %ld MiB\n",
              spent * 1024 / static_cast<double>(mebibytes), elapsed.count(), peak_kib() >> 10);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const long count = argc > 2 ? std::atol(argv[2]) : 0;
  const Scratch scratch;
  const auto log = [&](int argument) {
    return argc > argument ? argv[argument] : scratch.database();
  };
  if (what == "bare" && count > 0) {
    bare(count, log(3));
  } else if (what == "recorder" && count > 0) {
    recorder(count, argc > 3 ? std::atol(argv[3]) : 0, log(4));
  } else if (what == "body" && count > 0) {
    body(count, scratch.database());
  } else {
    std::fprintf(stderr,
                 "usage: recorder_bench bare N [LOG] | recorder N [RATE [LOG]] | body MIB\n");
    return 2;
  }
}
