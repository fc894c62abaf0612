#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "storage/body_store.hpp"
#include "storage/database_file.hpp"
#include "storage/exchange_table.hpp"
#include "storage/recorder.hpp"

namespace tapedeck::storage {

/// What a Recording hands over: a piece of a body, the row as it stands, or its end.
struct Command {
  enum class Kind { request_piece, response_piece, publish, finish };
  Kind kind = Kind::finish;
  /// Names a recording that has handed something over before its end; 0 for one that has not.
  std::uint64_t recording = 0;
  /// A piece; with `finish`, what is left of the bodies.
  std::string request_bytes;
  std::string response_bytes;
  /// The row, with `publish` and `finish`.
  std::unique_ptr<Exchange> exchange;
  /// Called once the command is committed, or once the first attempt to commit it has failed.
  std::function<void(bool)> committed;

  std::size_t cost() const noexcept;
};

/// The queue and the thread behind a Recorder.
///
///     push ─► queue ─► (gather) ─► one transaction ─► committed callbacks ─► checkpoint
///
/// A transaction that fails is run again, from the state before it, until it succeeds: nothing
/// handed over is dropped while the process lives.
class Recorder::Writer {
 public:
  Writer(DatabaseFile file, std::unique_ptr<Database> database, RecorderOptions options);
  ~Writer();

  void push(Command command);
  std::uint64_t next_recording() noexcept { return ++recordings_; }
  bool congested() const noexcept {
    return queued_bytes_.load(std::memory_order_relaxed) > options_.queue_budget;
  }
  void when_uncongested(std::function<void()> resume);
  bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }
  RecorderStats stats() const;
  const RecorderOptions& options() const noexcept { return options_; }

 private:
  /// A recording that has handed something over and is not finished.
  struct Pending {
    std::int64_t row = 0;
    GrowingBody request;
    GrowingBody response;
  };

  void run();
  std::vector<Command> gather(bool& stopping);
  void write(std::vector<Command>& batch, bool stopping);
  void apply(Command& command);
  void apply_piece(Command& command, bool request);
  void apply_finish(Command& command);
  Pending& touch(std::uint64_t recording);
  void undo();
  void checkpoint();
  void resume_waiting();
  static void report(std::vector<Command>& batch, bool ok);

  RecorderOptions options_;
  DatabaseFile file_;
  std::unique_ptr<Database> database_;
  BodyStore bodies_;
  ExchangeTable exchanges_;
  Statement link_request_;
  Statement link_response_;
  Statement begin_;
  Statement commit_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  /// What `pending_` held before the transaction now open, for each recording it has touched.
  std::unordered_map<std::uint64_t, std::optional<Pending>> before_;
  int wal_pages_ = 0;  ///< after the last commit

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Command> queue_;
  std::vector<std::function<void()>> waiting_;
  std::string last_error_;
  bool stop_ = false;

  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<std::uint64_t> recordings_{0};
  std::atomic<std::uint64_t> finished_{0};
  std::atomic<std::uint64_t> failed_writes_{0};
  std::atomic<bool> healthy_{true};
  std::thread thread_;
};

}  // namespace tapedeck::storage
