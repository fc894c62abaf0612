#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/blocking_connection.hpp"
#include "daemon/cli/compare/recorded_answer.hpp"
#include "daemon/cli/resend/job.hpp"
#include "daemon/cli/resend/request.hpp"
#include "daemon/forward/trust.hpp"
#include "storage/recorder.hpp"

namespace tapedeck::resend {

/// What came of sending one request again.
struct Resent {
  cli::RecordedAnswer before;
  std::string url;  ///< where it went now
  storage::ComparedResponse after;
  std::int64_t total_us = 0;
  std::string failure;  ///< in words; empty: it was answered, whole
  storage::Comparison comparison;

  enum class Verdict { same, differs, failed };
  Verdict verdict() const noexcept {
    if (!failure.empty()) return Verdict::failed;
    return comparison.same() ? Verdict::same : Verdict::differs;
  }
};

/// Sends recorded requests again over connections of its own, kept alive, and records what comes
/// back. One thread.
class Sender {
 public:
  /// `recorder`: null to record nothing. All must outlive it.
  Sender(const Job& job, const Trust& trust, storage::Database& log, storage::Recorder* recorder);

  /// Nullopt when the exchange is in the log no more. Throws SqliteError.
  std::optional<Resent> send(std::int64_t id);

 private:
  Result<client::BlockingConnection*> connection_to(const http::Url& url);
  storage::Recording begin(std::int64_t id, const Request& request);
  Result<void> exchange(const Request& request, storage::Recording& recording,
                        storage::Exchange& row, storage::ComparedResponse& after);
  Result<void> receive(client::BlockingResponse& response, storage::Recording& recording,
                       storage::Exchange& row, storage::ComparedResponse& after);

  const Job& job_;
  const Trust& trust_;
  storage::Database& log_;
  storage::Recorder* recorder_;
  std::map<std::string, client::BlockingConnection> connections_;  ///< by origin
};

}  // namespace tapedeck::resend
