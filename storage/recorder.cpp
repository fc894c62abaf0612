#include "storage/recorder.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "storage/export/undone_coding.hpp"
#include "storage/job.hpp"
#include "storage/queue.hpp"
#include "storage/writer.hpp"

namespace tapedeck::storage {
namespace {

/// What an exchange holds in memory, near enough for a budget.
std::size_t cost_of(const Exchange& row) {
  // A line of fields takes another 16 bytes beside its text.
  const auto fields = [](const http::Fields& section) {
    return section.byte_size() + 16 * section.size();
  };
  return sizeof row + row.path.size() + (row.query ? row.query->size() : 0) +
         fields(row.request_headers) + fields(row.request_trailers) + fields(row.response_headers) +
         fields(row.response_trailers);
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options) {
  if (auto rules = RedactRules::parse(options.redact); !rules) return std::move(rules).error();
  const auto refuse = [](std::error_code code, const char* what) {
    return Failure{code, Stage::record, Blame::local, what};
  };
  try {
    return std::unique_ptr<Recorder>(new Recorder(std::make_unique<Writer>(std::move(options))));
  } catch (const std::system_error& error) {
    return refuse(error.code(), error.what());
  } catch (const std::exception& error) {
    return refuse(std::make_error_code(std::errc::invalid_argument), error.what());
  }
}

Recorder::Recorder(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}

Recorder::~Recorder() = default;

std::size_t Recorder::close() { return writer_->close(); }

Recording Recorder::begin() {
  if (writer_->keep() == Keep::none) return {};
  auto entry = std::make_unique<Recording::Entry>();
  entry->queue = &writer_->queue();
  entry->redaction = writer_->redaction();
  entry->body_limits = &writer_->body_limits();
  entry->keep_bodies = writer_->keep() == Keep::all;
  return Recording(std::move(entry));
}

bool Recorder::congested() const noexcept { return writer_->queue().congested(); }

void Recorder::when_uncongested(std::function<void()> resume) {
  writer_->queue().when_uncongested(std::move(resume));
}

bool Recorder::healthy() const noexcept { return writer_->healthy(); }

RecorderStats Recorder::stats() const { return writer_->stats(); }

const TimeHistogram& Recorder::commit_times() const noexcept { return writer_->commit_times(); }

const Redaction* Recorder::redaction() const noexcept { return writer_->redaction(); }

void Recorder::perform(std::shared_ptr<Chore> chore, std::function<void(std::string error)> done) {
  writer_->perform(std::move(chore), std::move(done));
}

Recording::Recording() noexcept = default;

Recording::Recording(std::unique_ptr<Entry> entry) : entry_(std::move(entry)) {}

Recording::Recording(Recording&&) noexcept = default;

Recording& Recording::operator=(Recording&& other) noexcept {
  if (this != &other) {
    finish();
    entry_ = std::move(other.entry_);
  }
  return *this;
}

Recording::~Recording() { finish(); }

void Recording::discard() noexcept {
  assert(!active() || !entry_->published);
  entry_.reset();
}

Exchange& Recording::row() noexcept {
  assert(active());
  return entry_->row;
}

void Recording::request_body(std::span<const char> bytes) {
  if (!active()) return;
  entry_->row.request_size += static_cast<std::int64_t>(bytes.size());
  if (entry_->keep_bodies && !hold(Side::request, bytes)) tee(Side::request, bytes);
}

void Recording::response_body(std::span<const char> bytes) {
  if (!active()) return;
  entry_->row.response_size += static_cast<std::int64_t>(bytes.size());
  if (entry_->keep_bodies && !hold(Side::response, bytes)) tee(Side::response, bytes);
}

void Recording::response_body_is(std::int64_t body_id) noexcept {
  if (active() && entry_->keep_bodies) entry_->response.stored_id = body_id;
}

void Recording::response_arrived(std::int64_t at_us) {
  if (!active() || !entry_->keep_bodies) return;
  // What is held may change its length.
  if (entry_->redaction != nullptr && hold(Side::response, {})) return;
  entry_->arrivals.add(entry_->row.response_size, at_us);
}

/// What the head of a body says of how it is kept.
void Recording::examine(Side side) {
  Message& message = entry_->message(side);
  if (std::exchange(message.examined, true)) return;
  const Exchange& row = entry_->row;
  const http::Fields& head = side == Side::request ? row.request_headers : row.response_headers;
  if (const Redaction* const redaction = entry_->redaction) {
    const auto scope = redaction->rules().scope(row.host, row.path);
    message.held = HeldBody::of(*redaction, scope, head);
  }
  if (!entry_->body_limits->empty()) {
    message.room = entry_->body_limits->of(side, head.get("Content-Type").value_or(""));
  }
}

/// False when the body may be kept as it comes.
bool Recording::hold(Side side, std::span<const char> bytes) {
  examine(side);
  Message& message = entry_->message(side);
  if (!message.held) return false;
  if (!bytes.empty() && message.held->append(bytes) == HeldBody::Fate::unchanged) {
    const std::unique_ptr<HeldBody> held = std::move(message.held);
    tee(side, held->take());
  }
  return true;
}

/// The end of a body that was held: what may be kept of it is.
void Recording::settle(Side side) {
  const std::unique_ptr<HeldBody> held = std::move(entry_->message(side).held);
  if (!held) return;
  Exchange& row = entry_->row;
  const bool request = side == Side::request;
  switch (held->finish()) {
    case HeldBody::Fate::held:
    case HeldBody::Fate::withheld:
      if ((request ? row.request_size : row.response_size) == 0) return;
      note_redacted(row, request ? "request_body_withheld" : "response_body_withheld");
      return;
    case HeldBody::Fate::replaced:
      note_redacted(row, request ? "request_body" : "response_body");
      if (held->undone()) set_aside_coding(request ? row.request_headers : row.response_headers);
      break;
    case HeldBody::Fate::unchanged:
      break;
  }
  tee(side, held->take());
}

std::string Recording::without_secrets(std::string text) const {
  if (!active() || entry_->redaction == nullptr) return text;
  return entry_->redaction->without_secrets(entry_->row, std::move(text));
}

void Recording::tee(Side side, std::span<const char> bytes) {
  Message& message = entry_->message(side);
  std::string& pending = message.pending;
  const auto size = static_cast<std::int64_t>(bytes.size());
  const std::int64_t kept = std::min(size, message.room);
  if (message.room != BodyLimits::kNone) message.room -= kept;
  message.cut += size - kept;
  bytes = bytes.first(static_cast<std::size_t>(kept));
  while (!bytes.empty()) {
    // Handed over only now that more follows: a body of just one chunk stays a small one.
    if (pending.size() == kChunkSize) hand_over(side);
    const std::size_t taken = std::min(bytes.size(), kChunkSize - pending.size());
    // A body that came in more than one piece is likely to fill its chunk.
    if (!pending.empty()) pending.reserve(kChunkSize);
    pending.append(bytes.data(), taken);
    bytes = bytes.subspan(taken);
  }
}

void Recording::hand_over(Side side, std::function<void(bool ok)> committed) {
  // Chunks belong to a row, so that a crash leaves them with their exchange.
  if (!entry_->published) push_row(nullptr);
  std::string& pending = entry_->message(side).pending;
  Job::Chunk chunk{entry_.get(), side, std::exchange(pending, {}), 0};
  const std::size_t cost = chunk.bytes.capacity();
  entry_->queue->push({std::move(chunk), std::move(committed), cost});
}

void Recording::publish(std::function<void(bool ok)> committed) {
  if (!active()) {
    if (committed) committed(true);
    return;
  }
  const std::int64_t size = entry_->row.request_size + entry_->row.response_size;
  if (entry_->published && !committed && size == entry_->published_size) return;
  const bool request = !entry_->request.pending.empty();
  const bool response = !entry_->response.pending.empty();
  // Jobs are committed in order: who waits for the last has waited for all.
  push_row(request || response ? nullptr : std::move(committed));
  if (request) hand_over(Side::request, response ? nullptr : std::move(committed));
  if (response) hand_over(Side::response, std::move(committed));
}

void Recording::push_row(std::function<void(bool ok)> committed) {
  entry_->published = true;
  entry_->published_size = entry_->row.request_size + entry_->row.response_size;
  auto row = std::make_unique<Exchange>(entry_->row);
  row->state = State::open;
  if (entry_->redaction != nullptr) entry_->redaction->redact(*row);
  auto arrivals = entry_->arrivals.take();
  const std::size_t cost = cost_of(*row) + arrivals.size() * sizeof(Arrivals::Event);
  entry_->queue->push({Job::Publish{entry_.get(), std::move(row), std::move(arrivals), true},
                       std::move(committed), cost});
}

void Recording::finish(std::function<void(bool ok)> committed) {
  if (!active()) {
    if (committed) committed(true);
    return;
  }
  if (entry_->row.state == State::open) entry_->row.state = State::aborted;
  if (entry_->redaction != nullptr) {
    settle(Side::request);
    settle(Side::response);
    entry_->redaction->redact(entry_->row);
  }
  Queue& queue = *entry_->queue;
  auto arrivals = entry_->arrivals.take();
  const std::size_t cost = cost_of(entry_->row) + entry_->request.pending.capacity() +
                           entry_->response.pending.capacity() +
                           arrivals.size() * sizeof(Arrivals::Event);
  queue.push(
      {Job::Finish{std::move(entry_), std::move(arrivals), true}, std::move(committed), cost});
}

}  // namespace tapedeck::storage
