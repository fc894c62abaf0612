#include "storage/writer.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <stdexcept>

#include "storage/schema.hpp"
#include "storage/session_table.hpp"

namespace tapedeck::storage {
namespace {

/// Bytes to a transaction: a large backlog is committed in parts, so that its first exchanges are
/// not kept waiting for its last.
constexpr std::size_t kTransactionBytes = 4u << 20;
/// Attempts made to drain the queue at shutdown before what is left is given up.
constexpr int kRetriesAtClose = 20;
/// Without a job for so long, the writer indexes text: under load it never does.
constexpr std::chrono::milliseconds kQuiet{1000};
/// How long a job that comes meanwhile may have to wait for it.
constexpr std::chrono::milliseconds kIndexStep{8};

/// The file's one name, so that one database has one lock, whichever way it is reached.
std::string canonical(const std::string& path) {
  make_private(path);
  return std::filesystem::canonical(path).string();
}

RecorderOptions with_canonical_path(RecorderOptions options) {
  options.path = canonical(options.path);
  return options;
}

/// Nothing where there is no rule. Throws std::exception with a sentence.
std::optional<Redaction> redaction_of(const RecorderOptions& options) {
  if (options.redact.empty()) return std::nullopt;
  auto rules = RedactRules::parse(options.redact);
  if (!rules) throw std::runtime_error(rules.error().detail);
  return Redaction(*std::move(rules), {}, TokenKey::of_log(options.path), options.redact_limit);
}

/// Brings the file to the schema of this build and the connection to the writer's settings.
Database& set_up(Database& database, const RecorderOptions& options) {
  migrate(database, options.path);
  const bool strict = options.commit == Commit::strict;
  database.execute(std::string("PRAGMA secure_delete=ON; PRAGMA synchronous=") +
                   (strict ? "FULL" : "NORMAL") +
                   "; PRAGMA wal_autocheckpoint=0"
                   "; PRAGMA journal_size_limit=67108864"
                   "; PRAGMA cache_size=-16384");
  return database;
}

/// Where the first transaction ends: enough jobs, or all.
std::span<Job> first_transaction(std::span<Job> jobs) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < jobs.size() && bytes < kTransactionBytes) bytes += jobs[count++].cost;
  return jobs.first(count);
}

void report(std::span<Job> jobs, bool ok) {
  for (Job& job : jobs) {
    if (auto committed = std::exchange(job.committed, nullptr)) committed(ok);
  }
}

}  // namespace

Recorder::Writer::Writer(RecorderOptions options)
    : options_(with_canonical_path(std::move(options))),
      lock_(options_.path, options_.patience),
      redaction_(redaction_of(options_)),
      database_(options_.path, Database::Access::read_write_create),
      checkpointer_(set_up(database_, options_)),
      bodies_(database_),
      session_id_(begin_session()),
      exchanges_(database_, session_id_),
      text_(database_),
      queue_(options_.queue_budget, options_.commit == Commit::strict),
      retries_left_at_close_(kRetriesAtClose),
      thread_([this] { run(); }) {}

Recorder::Writer::~Writer() { close(); }

std::size_t Recorder::Writer::close() {
  if (!thread_.joinable()) return lost_;
  queue_.close();
  thread_.join();
  while (!tasks_.empty()) end_chore("the proxy is stopping");
  end_session();
  checkpointer_.finish();
  return lost_;
}

RecorderStats Recorder::Writer::stats() const {
  const std::lock_guard lock(error_mutex_);
  return {finished_, queue_.bytes(), failed_writes_, last_error_};
}

std::int64_t Recorder::Writer::begin_session() {
  Transaction transaction(database_);
  // What a process that died left open.
  bodies_.seal_leftovers();
  ExchangeTable::mark_interrupted(database_);
  const std::int64_t id =
      storage::begin_session(database_, options_.session_name, options_.command);
  transaction.commit();
  return id;
}

void Recorder::Writer::end_session() noexcept {
  try {
    storage::end_session(database_, session_id_);
  } catch (const std::exception&) {
    // The session stays without an end, as one that was killed.
  }
}

void Recorder::Writer::run() {
  std::vector<Job> jobs;
  for (index_text(); queue_.take(jobs); index_text()) {
    text_behind_ = text_behind_ || !jobs.empty();
    while (!write(jobs)) {
      if (queue_.closed() && retries_left_at_close_-- == 0) {
        lost_ =
            static_cast<std::size_t>(std::count_if(jobs.begin(), jobs.end(), [](const Job& job) {
              return std::holds_alternative<Job::Finish>(job.step);
            }));
        return;
      }
      wait_to_retry(jobs);
    }
    step_chore();
  }
}

void Recorder::Writer::perform(std::shared_ptr<Chore> chore,
                               std::function<void(std::string error)> done) {
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks_.push_back({std::move(chore), std::move(done)});
  }
  queue_.nudge();
}

void Recorder::Writer::step_chore() {
  std::shared_ptr<Chore> chore;
  {
    const std::lock_guard lock(tasks_mutex_);
    if (tasks_.empty()) return;
    chore = tasks_.front().chore;
  }
  if (queue_.closed()) return end_chore("the proxy is stopping");
  std::string error;
  bool more = false;
  try {
    more = chore->step(database_);
  } catch (const SqliteError& failed) {
    error = failed.sentence();
  } catch (const std::exception& failed) {
    error = failed.what();
  }
  try {
    // A body that it removed must not be found again, nor the id of one that it made be given.
    bodies_.forget();
    text_behind_ = true;
    checkpointer_.after_commit();
  } catch (const SqliteError& failed) {
    error = failed.sentence();
  }
  if (!more || !error.empty()) return end_chore(error);
  queue_.nudge();
}

void Recorder::Writer::end_chore(const std::string& error) {
  Task task;
  bool more = false;
  {
    const std::lock_guard lock(tasks_mutex_);
    task = std::move(tasks_.front());
    tasks_.pop_front();
    more = !tasks_.empty();
  }
  task.done(error);
  if (more) queue_.nudge();
}

/// Goes on until a job comes, or all is done. What a disk refuses waits for the next job: nothing
/// is lost by it.
void Recorder::Writer::index_text() {
  if (!text_behind_ || !queue_.quiet(kQuiet)) return;
  try {
    do {
      text_behind_ = text_.step(kIndexStep);
      checkpointer_.after_commit();
    } while (text_behind_ && queue_.quiet(std::chrono::milliseconds(0)));
  } catch (const SqliteError&) {
    text_behind_ = false;
  }
}

/// Commits `jobs` in order and removes them; false, with the rest left, when the database refuses.
bool Recorder::Writer::write(std::vector<Job>& jobs) {
  std::span<Job> left(jobs);
  while (!left.empty()) {
    const std::span<Job> part = first_transaction(left);
    if (!commit(part)) break;
    left = left.subspan(part.size());
    checkpointer_.after_commit();
  }
  const bool done = left.empty();
  report(left, false);
  jobs.erase(jobs.begin(), jobs.end() - std::ssize(left));
  return done;
}

bool Recorder::Writer::commit(std::span<Job> jobs) {
  for (Job& job : jobs) {
    if (std::exchange(job.prepared, true)) continue;
    std::visit([this](auto& step) { prepare(step); }, job.step);
  }
  bodies_.begin_transaction();
  const auto began = std::chrono::steady_clock::now();
  try {
    Transaction transaction(database_);
    for (Job& job : jobs) std::visit([this](auto& step) { apply(step); }, job.step);
    transaction.commit();
    commit_times_.add_since(began);
  } catch (const SqliteError& error) {
    bodies_.roll_back();
    note_failure(error.sentence());
    return false;
  }
  note_success();
  std::size_t bytes = 0;
  std::size_t finished = 0;
  for (const Job& job : jobs) {
    bytes += job.cost;
    finished += std::holds_alternative<Job::Finish>(job.step) ? 1 : 0;
  }
  finished_ += finished;
  queue_.release(bytes);
  report(jobs, true);
  return true;
}

/// Keeps taking what comes meanwhile, and tells those who wait that it is not on the disk.
void Recorder::Writer::wait_to_retry(std::vector<Job>& jobs) {
  const auto until = Queue::Clock::now() + options_.retry_delay;
  while (Queue::Clock::now() < until) {
    queue_.take_until(until, jobs);
    report(jobs, false);
  }
}

void Recorder::Writer::note_failure(std::string what) {
  healthy_.store(false, std::memory_order_relaxed);
  ++failed_writes_;
  const std::lock_guard lock(error_mutex_);
  last_error_ = std::move(what);
}

void Recorder::Writer::note_success() {
  if (healthy_.exchange(true, std::memory_order_relaxed)) return;
  const std::lock_guard lock(error_mutex_);
  last_error_.clear();
}

void Recorder::Writer::prepare(Job::Publish& publish) {
  publish.first = publish.entry->id == 0;
  if (publish.first) publish.entry->id = exchanges_.reserve_id();
}

void Recorder::Writer::prepare(Job::Chunk& chunk) {
  LargeBody& body = chunk.entry->message(chunk.side).large;
  if (body.id == 0) {
    body.id = bodies_.reserve_id();
    body.digest = std::make_unique<Sha256>();
  }
  chunk.seq = body.next_seq++;
  body.size += static_cast<std::int64_t>(chunk.bytes.size());
  body.digest->update(chunk.bytes);
}

void Recorder::Writer::prepare(Job::Finish& finish) {
  finish.first = finish.entry->id == 0;
  if (finish.first) finish.entry->id = exchanges_.reserve_id();
  prepare_body(finish.entry->request);
  prepare_body(finish.entry->response);
}

void Recorder::Writer::prepare_body(Message& message) {
  if (message.empty()) return;
  const bool large = message.large.id != 0;
  Sha256& digest = large ? *message.large.digest : digest_;
  digest.update(message.pending);
  message.digest = digest.finish();
  message.large.size += static_cast<std::int64_t>(message.pending.size());
}

void Recorder::Writer::apply(Job::Publish& publish) {
  const auto id = [](const Message& message) -> std::optional<std::int64_t> {
    if (message.large.id == 0) return std::nullopt;
    return message.large.id;
  };
  const Recording::Entry& entry = *publish.entry;
  const ExchangeTable::Bodies bodies{id(entry.request), id(entry.response)};
  if (publish.first) {
    exchanges_.insert(entry.id, *publish.row, bodies);
  } else {
    exchanges_.update(entry.id, *publish.row, bodies);
  }
  exchanges_.add_arrivals(entry.id, publish.arrivals);
}

void Recorder::Writer::apply(Job::Chunk& chunk) {
  const std::int64_t body_id = chunk.entry->message(chunk.side).large.id;
  if (chunk.seq == 0) {
    bodies_.begin(body_id);
    exchanges_.set_body(chunk.entry->id, chunk.side, body_id);
  }
  bodies_.append(body_id, chunk.seq, chunk.bytes);
}

void Recorder::Writer::apply(Job::Finish& finish) {
  Recording::Entry& entry = *finish.entry;
  const auto request = finish_body(entry.request);
  const auto response = finish_body(entry.response);
  if (finish.first) {
    exchanges_.insert(entry.id, entry.row, {request, response});
  } else {
    exchanges_.update(entry.id, entry.row, {request, response});
  }
  exchanges_.add_arrivals(entry.id, finish.arrivals);
}

std::optional<std::int64_t> Recorder::Writer::finish_body(Message& message) {
  if (message.stored_id != 0) {
    // It may have been pruned since it was read.
    if (!bodies_.holds(message.stored_id)) return std::nullopt;
    return message.stored_id;
  }
  if (message.empty()) return std::nullopt;
  if (message.cut > 0) return finish_cut_body(message);
  if (message.large.id == 0) return bodies_.store(message.digest, message.pending);
  if (!message.pending.empty()) {
    bodies_.append(message.large.id, message.large.next_seq, message.pending);
  }
  return bodies_.end(message.large.id, message.digest, message.large.size);
}

std::int64_t Recorder::Writer::finish_cut_body(Message& message) {
  const std::int64_t whole = message.large.size + message.cut;
  if (message.large.id == 0) return bodies_.store_cut(message.pending, whole);
  if (!message.pending.empty()) {
    bodies_.append(message.large.id, message.large.next_seq, message.pending);
  }
  bodies_.end_cut(message.large.id, message.large.size, whole);
  return message.large.id;
}

}  // namespace tapedeck::storage
