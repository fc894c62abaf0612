#include "storage/recorder.hpp"

#include <utility>

#include "storage/schema.hpp"
#include "storage/writer.hpp"

namespace tapedeck::storage {
namespace {

/// Body bytes that gather before they are handed over: a body up to this size is one row.
constexpr std::size_t kPiece = 64 * 1024;

Failure cannot_open(const std::string& path, std::error_code code, const std::string& why) {
  return Failure{code, Stage::record, Blame::local, path + ": " + why};
}

}  // namespace

/// What a Recording holds back until it hands it over.
struct Recording::Entry {
  Recorder::Writer* writer = nullptr;
  std::unique_ptr<Exchange> exchange = std::make_unique<Exchange>();
  std::string request_bytes;
  std::string response_bytes;
  std::uint64_t id = 0;  ///< 0 until something was handed over
};

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options) {
  const std::string path = options.path;
  try {
    auto file = DatabaseFile::claim(path);
    if (!file) return std::move(file).error();
    auto database = std::make_unique<Database>(path, Database::Access::read_write_create);
    migrate(*database, path);
    database->execute("PRAGMA wal_autocheckpoint = 0");
    database->execute(options.commit == Commit::strict ? "PRAGMA synchronous = FULL"
                                                       : "PRAGMA synchronous = NORMAL");
    ExchangeTable::mark_interrupted(*database);
    auto writer =
        std::make_unique<Writer>(*std::move(file), std::move(database), std::move(options));
    return std::unique_ptr<Recorder>(new Recorder(std::move(writer)));
  } catch (const SqliteError& error) {
    return cannot_open(path, error.code(), error.sentence());
  } catch (const std::exception& error) {
    return cannot_open(path, std::make_error_code(std::errc::not_supported), error.what());
  }
}

Recorder::Recorder(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
Recorder::~Recorder() = default;

Recording Recorder::begin() {
  if (writer_->options().keep == Keep::none) return {};
  auto entry = std::make_unique<Recording::Entry>();
  entry->writer = writer_.get();
  return Recording(std::move(entry));
}

bool Recorder::congested() const noexcept { return writer_->congested(); }
void Recorder::when_uncongested(std::function<void()> resume) {
  writer_->when_uncongested(std::move(resume));
}
bool Recorder::healthy() const noexcept { return writer_->healthy(); }
RecorderStats Recorder::stats() const { return writer_->stats(); }

Recording::Recording() noexcept = default;
Recording::Recording(std::unique_ptr<Entry> entry) : entry_(std::move(entry)) {}
Recording::Recording(Recording&&) noexcept = default;

Recording& Recording::operator=(Recording&& other) noexcept {
  if (this != &other) {
    if (entry_) {
      entry_->exchange->state = State::aborted;
      finish();
    }
    entry_ = std::move(other.entry_);
  }
  return *this;
}

Recording::~Recording() {
  if (!entry_) return;
  entry_->exchange->state = State::aborted;
  finish();
}

Exchange& Recording::row() noexcept { return *entry_->exchange; }

void Recording::request_body(std::span<const char> bytes) {
  if (!entry_) return;
  entry_->exchange->request_size += static_cast<std::int64_t>(bytes.size());
  add(entry_->request_bytes, bytes, true);
}

void Recording::response_body(std::span<const char> bytes) {
  if (!entry_) return;
  entry_->exchange->response_size += static_cast<std::int64_t>(bytes.size());
  add(entry_->response_bytes, bytes, false);
}

void Recording::add(std::string& held, std::span<const char> bytes, bool request) {
  if (entry_->writer->options().keep == Keep::heads) return;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kPiece - held.size()));
    held.append(part.data(), part.size());
    bytes = bytes.subspan(part.size());
    if (held.size() < kPiece) return;
    // The row comes first: pieces belong to one.
    if (entry_->id == 0) publish();
    Command command;
    command.kind = request ? Command::Kind::request_piece : Command::Kind::response_piece;
    command.recording = entry_->id;
    (request ? command.request_bytes : command.response_bytes) = std::exchange(held, {});
    entry_->writer->push(std::move(command));
    held.reserve(kPiece);
  }
}

void Recording::publish(std::function<void(bool ok)> committed) {
  if (!entry_) return;
  if (entry_->id == 0) entry_->id = entry_->writer->next_recording();
  Command command;
  command.kind = Command::Kind::publish;
  command.recording = entry_->id;
  command.exchange = std::make_unique<Exchange>(*entry_->exchange);
  command.exchange->state = State::open;
  command.committed = std::move(committed);
  entry_->writer->push(std::move(command));
}

void Recording::finish(std::function<void(bool ok)> committed) {
  if (!entry_) return;
  Command command;
  command.kind = Command::Kind::finish;
  command.recording = entry_->id;
  command.request_bytes = std::move(entry_->request_bytes);
  command.response_bytes = std::move(entry_->response_bytes);
  command.exchange = std::move(entry_->exchange);
  command.committed = std::move(committed);
  Recorder::Writer* const writer = entry_->writer;
  entry_.reset();
  writer->push(std::move(command));
}

}  // namespace tapedeck::storage
