#include "storage/writer.hpp"

#include <chrono>
#include <sqlite3.h>
#include <utility>

namespace tapedeck::storage {
namespace {

using namespace std::chrono_literals;

/// How long the writer lets exchanges gather before it commits them together: well inside the 50
/// ms that are promised, long enough that a busy proxy pays for a commit once in hundreds of rows.
constexpr auto kGather = 15ms;
/// WAL pages after which the writer checkpoints.
constexpr int kCheckpointPages = 4'000;
/// First and longest pause before a transaction that failed is tried again.
constexpr std::chrono::milliseconds kRetryFirst = 50ms;
constexpr std::chrono::milliseconds kRetryLongest = 1'000ms;
/// Attempts at the end of the process, when waiting longer would hold it up.
constexpr int kAttemptsAtStop = 20;

}  // namespace

std::size_t Command::cost() const noexcept {
  std::size_t bytes = sizeof(Command) + request_bytes.size() + response_bytes.size();
  if (exchange) {
    bytes += sizeof(Exchange) + exchange->request_headers.byte_size() +
             exchange->response_headers.byte_size();
  }
  return bytes;
}

Recorder::Writer::Writer(DatabaseFile file, std::unique_ptr<Database> database,
                         RecorderOptions options)
    : options_(std::move(options)),
      file_(std::move(file)),
      database_(std::move(database)),
      bodies_(*database_),
      exchanges_(*database_, options_.session_name, options_.command),
      link_request_(database_->prepare("UPDATE exchange SET request_body_id = ?2 WHERE id = ?1")),
      link_response_(database_->prepare("UPDATE exchange SET response_body_id = ?2 WHERE id = ?1")),
      begin_(database_->prepare("BEGIN IMMEDIATE")),
      commit_(database_->prepare("COMMIT")) {
  sqlite3_wal_hook(
      database_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Writer*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  thread_ = std::thread([this] { run(); });
}

Recorder::Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Recorder::Writer::push(Command command) {
  queued_bytes_.fetch_add(command.cost(), std::memory_order_relaxed);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queue_.empty();
    queue_.push_back(std::move(command));
  }
  if (first || congested()) wake_.notify_one();
}

void Recorder::Writer::when_uncongested(std::function<void()> resume) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_.load() > options_.queue_budget / 2) {
      waiting_.push_back(std::move(resume));
      return;
    }
  }
  resume();
}

RecorderStats Recorder::Writer::stats() const {
  RecorderStats stats;
  stats.exchanges = finished_.load();
  stats.queued_bytes = queued_bytes_.load();
  stats.failed_writes = failed_writes_.load();
  const std::lock_guard lock(mutex_);
  stats.last_error = last_error_;
  return stats;
}

void Recorder::Writer::run() {
  bool stopping = false;
  while (!stopping) {
    std::vector<Command> batch = gather(stopping);
    if (!batch.empty()) write(batch, stopping);
  }
  try {
    exchanges_.end_session();
    sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  } catch (const SqliteError&) {
    // A session without an end is repaired at the next start, like those of a crash.
  }
}

/// Sleeps until there is something, lets more of it gather, and takes it all.
std::vector<Command> Recorder::Writer::gather(bool& stopping) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
  if (options_.commit == Commit::batched) {
    wake_.wait_for(lock, kGather, [this] { return stop_ || congested(); });
  }
  stopping = stop_;
  std::vector<Command> batch;
  batch.swap(queue_);
  return batch;
}

void Recorder::Writer::write(std::vector<Command>& batch, bool stopping) {
  auto pause = kRetryFirst;
  for (int attempt = 1;; ++attempt) {
    try {
      begin_.run();
      for (Command& command : batch) apply(command);
      commit_.run();
      break;
    } catch (const SqliteError& error) {
      sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
      undo();
      failed_writes_.fetch_add(1);
      {
        const std::lock_guard lock(mutex_);
        last_error_ = error.sentence();
      }
      healthy_.store(false);
      report(batch, false);
      if (stopping && attempt >= kAttemptsAtStop) return;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(kRetryLongest));
  }
  before_.clear();
  healthy_.store(true);
  std::size_t written = 0;
  std::uint64_t rows = 0;
  for (const Command& command : batch) {
    written += command.cost();
    rows += command.kind == Command::Kind::finish ? 1 : 0;
  }
  finished_.fetch_add(rows);
  report(batch, true);
  // The memory goes before the room is announced, or the budget would be held twice.
  batch.clear();
  queued_bytes_.fetch_sub(written, std::memory_order_relaxed);
  resume_waiting();
  checkpoint();
}

void Recorder::Writer::report(std::vector<Command>& batch, bool ok) {
  for (Command& command : batch) {
    if (const auto committed = std::exchange(command.committed, nullptr)) committed(ok);
  }
}

void Recorder::Writer::resume_waiting() {
  if (queued_bytes_.load(std::memory_order_relaxed) > options_.queue_budget / 2) return;
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
  }
  for (const auto& resume : waiting) resume();
}

/// Only the writer checkpoints: SQLite before 3.51.3 may corrupt a WAL that two connections write
/// or checkpoint at the same moment.
void Recorder::Writer::checkpoint() {
  if (wal_pages_ < kCheckpointPages) return;
  sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                            nullptr);
}

void Recorder::Writer::apply(Command& command) {
  switch (command.kind) {
    case Command::Kind::request_piece:
      apply_piece(command, true);
      break;
    case Command::Kind::response_piece:
      apply_piece(command, false);
      break;
    case Command::Kind::publish: {
      Pending& pending = touch(command.recording);
      const auto id_or_none = [](const GrowingBody& body) {
        return body.id != 0 ? std::optional(body.id) : std::nullopt;
      };
      const BodyIds ids{id_or_none(pending.request), id_or_none(pending.response)};
      if (pending.row == 0) {
        pending.row = exchanges_.insert(*command.exchange, ids);
      } else {
        exchanges_.update(pending.row, *command.exchange, ids);
      }
      break;
    }
    case Command::Kind::finish:
      apply_finish(command);
      break;
  }
}

void Recorder::Writer::apply_piece(Command& command, bool request) {
  Pending& pending = touch(command.recording);
  GrowingBody& body = request ? pending.request : pending.response;
  const bool first = body.id == 0;
  bodies_.append(body, request ? command.request_bytes : command.response_bytes);
  // The open row points at its bodies, so that a crash leaves nothing without an owner.
  if (first) (request ? link_request_ : link_response_).bind(1, pending.row).bind(2, body.id).run();
}

void Recorder::Writer::apply_finish(Command& command) {
  if (command.recording == 0) {
    const BodyIds ids{bodies_.store(command.request_bytes), bodies_.store(command.response_bytes)};
    exchanges_.insert(*command.exchange, ids);
    return;
  }
  Pending& pending = touch(command.recording);
  const auto end = [&](GrowingBody& body, const std::string& rest) {
    if (body.id == 0) return bodies_.store(rest);
    bodies_.append(body, rest);
    return bodies_.finish(body);
  };
  const BodyIds ids{end(pending.request, command.request_bytes),
                    end(pending.response, command.response_bytes)};
  exchanges_.update(pending.row, *command.exchange, ids);
  pending_.erase(command.recording);
}

Recorder::Writer::Pending& Recorder::Writer::touch(std::uint64_t recording) {
  const auto found = pending_.find(recording);
  if (!before_.contains(recording)) {
    before_.emplace(recording,
                    found != pending_.end() ? std::optional(found->second) : std::nullopt);
  }
  return found != pending_.end() ? found->second : pending_[recording];
}

void Recorder::Writer::undo() {
  for (auto& [recording, state] : before_) {
    if (state) {
      pending_[recording] = std::move(*state);
    } else {
      pending_.erase(recording);
    }
  }
  before_.clear();
  bodies_.rolled_back();
}

}  // namespace tapedeck::storage
