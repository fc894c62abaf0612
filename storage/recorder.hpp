#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "storage/body_limits.hpp"
#include "storage/chore.hpp"
#include "storage/exchange.hpp"
#include "storage/redact/redaction.hpp"
#include "storage/time_histogram.hpp"

namespace tapedeck::storage {

/// When a finished exchange reaches the disk (see the promises in storage/README.md).
enum class Commit { batched, strict };
/// How much of an exchange is kept.
enum class Keep { all, heads, none };

struct RecorderOptions {
  std::string path;          ///< the database file; created 0600 in a directory made 0700
  std::string session_name;  ///< name of the session row this run makes; empty: the start time
  std::string command;       ///< what is being recorded, for `session.command`; may be empty
  Commit commit = Commit::batched;
  Keep keep = Keep::all;
  std::size_t queue_budget = 32u << 20;  ///< bytes waiting for the writer before peers pause
  std::vector<std::string> redact = {};  ///< rules, as RedactRules reads them: what is not recorded
  BodyLimits body_limits = {};           ///< what is kept of long bodies
  std::size_t redact_limit = kRedactLimit;  ///< bytes of a body that they may look into
  /// How long to wait for another writer of this log to end.
  std::chrono::milliseconds patience{0};
  std::chrono::milliseconds retry_delay{250};  ///< between attempts after a transaction failed
};

/// What the writer has done so far. A snapshot; fields are consistent each for itself.
struct RecorderStats {
  std::uint64_t exchanges = 0;      ///< rows finished since start
  std::uint64_t queued_bytes = 0;   ///< waiting for the writer now
  std::uint64_t failed_writes = 0;  ///< transactions that could not be committed
  std::string last_error;           ///< empty while writing works
};

class Recording;

/// The log's one writer. Owns the only read-write connection and the thread that uses it; callers
/// hand it values and never wait for the disk unless they ask to.
///
/// Thread rule: begin() and everything on a Recording may be called from any thread, each
/// Recording from one thread at a time. Callbacks run on the writer thread: post, do not work.
class Recorder {
 public:
  /// Opens or creates the database, migrates it, marks leftovers of a crash `interrupted`, and
  /// starts the writer. Fails with Stage::record and a sentence when the file cannot be used, and
  /// with Stage::configure when a rule is wrong.
  static Result<std::unique_ptr<Recorder>> open(RecorderOptions options);

  /// Drains what was handed over, checkpoints, ends the session. Every Recording must be gone.
  ~Recorder();
  /// The same, telling how many exchanges could not be written before it gave up on a disk that
  /// refuses; they are lost. 0 is the rule. Nothing may be begun afterwards.
  std::size_t close();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Starts the record of one exchange. Nothing is written until it finishes, holds more than one
  /// chunk of body, or is published with Recording::publish.
  Recording begin();

  /// True while more than `queue_budget` bytes wait for the writer: stop reading from the peers.
  bool congested() const noexcept;
  /// Calls `resume` once (on the writer thread) when the queue is below half its budget again, or
  /// at once (on this thread) when it already is.
  void when_uncongested(std::function<void()> resume);

  /// False after a transaction could not be committed, until one succeeds again.
  bool healthy() const noexcept;

  RecorderStats stats() const;
  /// How long the writer's transactions took. Lives as long as the recorder.
  const TimeHistogram& commit_times() const noexcept;

  /// What is taken out of what is recorded; null when nothing is. Lives as long as the recorder.
  const Redaction* redaction() const noexcept;

  /// Does a chore on the writer thread, a step between two transactions, and then calls `done`
  /// there with "" or the sentence of what went wrong. Chores wait for one another.
  void perform(std::shared_ptr<Chore> chore, std::function<void(std::string error)> done);

 private:
  friend class Recording;
  class Writer;
  explicit Recorder(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

/// The record of one exchange while it happens. Move-only. Destroyed unfinished, it is written
/// with state `aborted`: an exchange is never lost.
class Recording {
 public:
  Recording() noexcept;  ///< records nothing (mode `pass`, `--record none`)
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  /// The row as it will be written. Fill it in as facts become known. Precondition: active().
  Exchange& row() noexcept;

  /// Tee: bytes of a body after transfer-decoding, in order. Copies them.
  /// `request_size` and `response_size` of the row are counted here.
  void request_body(std::span<const char> bytes);
  void response_body(std::span<const char> bytes);

  /// The response body is one that the log already holds: row `body_id` of table `body`. Instead of
  /// response_body(); the row's response_size is the caller's to set.
  void response_body_is(std::int64_t body_id) noexcept;

  /// What response_body() gets next came `at_us` after the response head: a row of `stream_event`
  /// when it came late enough to tell (see Arrivals).
  void response_arrived(std::int64_t at_us);

  /// Makes the row visible as `open` with what is known and has arrived so far (exchanges longer
  /// than a second, each second), or, in strict mode before a request is sent upstream, durable.
  /// `committed(ok)`, when given, is called on the writer thread once the row is committed.
  void publish(std::function<void(bool ok)> committed = nullptr);

  /// Ends the record with row().state (anything but open). `committed` as above.
  void finish(std::function<void(bool ok)> committed = nullptr);

  /// A text of our own about this exchange without what is secret in that, to be recorded.
  std::string without_secrets(std::string text) const;

  /// Forgets it: what was begun turned out to be no exchange. Precondition: not published.
  void discard() noexcept;

  bool active() const noexcept { return entry_ != nullptr; }

 private:
  friend class Recorder;
  friend struct Job;
  struct Entry;
  explicit Recording(std::unique_ptr<Entry> entry);
  void examine(Side side);
  void tee(Side side, std::span<const char> bytes);
  void hand_over(Side side, std::function<void(bool ok)> committed = nullptr);
  bool hold(Side side, std::span<const char> bytes);
  void settle(Side side);
  void push_row(std::function<void(bool ok)> committed);
  std::unique_ptr<Entry> entry_;
};

}  // namespace tapedeck::storage
