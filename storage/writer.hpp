#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "storage/body_store.hpp"
#include "storage/checkpointer.hpp"
#include "storage/exchange_table.hpp"
#include "storage/job.hpp"
#include "storage/lock_file.hpp"
#include "storage/queue.hpp"
#include "storage/recorder.hpp"
#include "storage/sqlite.hpp"
#include "storage/text/text_index.hpp"

namespace tapedeck::storage {

/// The thread that writes, and all that it writes with.
///
/// Jobs are committed in the order they were queued. A transaction that fails is undone whole and
/// tried again, later, with the same jobs: to that end each job is first *prepared*, once, which
/// gives it its ids and digests its bytes, and then *applied* in a transaction, any number of
/// times, with the same result.
class Recorder::Writer {
 public:
  /// Opens the database and begins the session. Throws std::exception with a sentence.
  explicit Writer(RecorderOptions options);
  /// Drains the queue, ends the session, checkpoints.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Drains the queue, ends the session; how many exchanges had to be given up.
  std::size_t close();

  Queue& queue() noexcept { return queue_; }
  Keep keep() const noexcept { return options_.keep; }
  const BodyLimits& body_limits() const noexcept { return options_.body_limits; }
  const Redaction* redaction() const noexcept { return redaction_ ? &*redaction_ : nullptr; }
  bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }
  RecorderStats stats() const;
  const TimeHistogram& commit_times() const noexcept { return commit_times_; }
  void perform(std::shared_ptr<Chore> chore, std::function<void(std::string error)> done);

 private:
  struct Task {
    std::shared_ptr<Chore> chore;
    std::function<void(std::string error)> done;
  };
  std::int64_t begin_session();
  void end_session() noexcept;

  void run();
  bool write(std::vector<Job>& jobs);
  bool commit(std::span<Job> jobs);
  void wait_to_retry(std::vector<Job>& jobs);

  void prepare(Job::Publish& publish);
  void prepare(Job::Chunk& chunk);
  void prepare(Job::Finish& finish);
  void prepare_body(Message& message);

  void apply(Job::Publish& publish);
  void apply(Job::Chunk& chunk);
  void apply(Job::Finish& finish);
  std::optional<std::int64_t> finish_body(Message& message);
  std::int64_t finish_cut_body(Message& message);

  void step_chore();
  void end_chore(const std::string& error);
  void index_text();

  void note_failure(std::string what);
  void note_success();

  RecorderOptions options_;
  LockFile lock_;
  std::optional<Redaction> redaction_;
  Database database_;
  Checkpointer checkpointer_;
  BodyStore bodies_;
  std::int64_t session_id_;
  ExchangeTable exchanges_;
  TextIndex text_;
  bool text_behind_ = true;  ///< there may be exchanges that text_ has not taken in
  Sha256 digest_;            ///< for small bodies, one after another
  Queue queue_;

  std::mutex tasks_mutex_;
  std::deque<Task> tasks_;  ///< the first is being done

  std::atomic<std::uint64_t> finished_ = 0;
  std::atomic<std::uint64_t> failed_writes_ = 0;
  TimeHistogram commit_times_;
  std::atomic<bool> healthy_ = true;
  mutable std::mutex error_mutex_;
  std::string last_error_;
  int retries_left_at_close_;
  std::size_t lost_ = 0;  ///< exchanges given up at close; read after the thread has ended

  std::thread thread_;
};

}  // namespace tapedeck::storage
