#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "storage/arrivals.hpp"
#include "storage/digest.hpp"
#include "storage/exchange_table.hpp"
#include "storage/recorder.hpp"
#include "storage/redact/held_body.hpp"

namespace tapedeck::storage {

class Queue;

/// What the writer knows of a body larger than one chunk.
struct LargeBody {
  std::int64_t id = 0;  ///< 0: none of it has been handed over
  std::int64_t next_seq = 0;
  std::int64_t size = 0;  ///< bytes handed over so far
  std::unique_ptr<Sha256> digest;
};

/// One side of an exchange.
struct Message {
  std::string pending;         ///< producer: body bytes not handed over yet, at most one chunk
  LargeBody large;             ///< writer
  std::int64_t stored_id = 0;  ///< producer: of a body the log already holds; 0: none
  std::int64_t room = BodyLimits::kNone;  ///< producer: bytes that a limit lets still be kept
  std::int64_t cut = 0;                   ///< bytes that it did not
  bool examined = false;                  ///< producer: its head has been looked at
  std::unique_ptr<HeldBody> held = {};    ///< producer: may hold a secret, and is not pending yet
  Digest digest{};  ///< writer: of the whole body, from preparing its finish on

  /// Writer: there is no body to write.
  bool empty() const noexcept { return pending.empty() && large.id == 0 && cut == 0; }
};

/// An exchange being recorded. The producer fills it in and gives it up with the finish; until
/// then, the writer touches only what is marked as its own.
struct Recording::Entry {
  Exchange row;
  Queue* queue = nullptr;
  const Redaction* redaction = nullptr;  ///< null: nothing is secret
  const BodyLimits* body_limits = nullptr;
  bool keep_bodies = true;
  bool published = false;
  std::int64_t published_size = 0;  ///< of both bodies, when last published
  Message request;
  Message response;
  Arrivals arrivals;    ///< producer; the writer's with the finish
  std::int64_t id = 0;  ///< writer: 0 until its first job is prepared

  Message& message(Side side) noexcept { return side == Side::request ? request : response; }
};

/// One step of an exchange on its way to the disk. Jobs of an exchange are queued in order and
/// stay until they are committed, so an Entry outlives every job that points at it: the finish,
/// its last job, owns it.
struct Job {
  struct Publish {
    Recording::Entry* entry;
    std::unique_ptr<Exchange> row;
    std::vector<Arrivals::Event> arrivals;
    bool first;  ///< writer: no job before this one made the row
  };
  struct Chunk {
    Recording::Entry* entry;
    Side side;
    std::string bytes;
    std::int64_t seq;
  };
  struct Finish {
    std::unique_ptr<Recording::Entry> entry;
    std::vector<Arrivals::Event> arrivals;
    bool first;  ///< as above
  };

  std::variant<Publish, Chunk, Finish> step;
  std::function<void(bool)> committed;  ///< may be empty
  std::size_t cost;                     ///< bytes held, for the budget
  bool prepared = false;                ///< writer: ids given and bytes digested
};

}  // namespace tapedeck::storage
