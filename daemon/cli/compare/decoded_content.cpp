#include "daemon/cli/compare/decoded_content.hpp"

namespace tapedeck::cli {

DecodedContent::DecodedContent(const http::Fields& headers) {
  const auto sink = [content = content_.get()](std::span<const char> piece) {
    content->append(piece);
  };
  auto decoder =
      client::ContentDecoder::create(headers.joined("Content-Encoding").value_or(""), {}, sink);
  if (decoder) {
    decoder_ = *std::move(decoder);
  } else {
    note_ = "compared as it came: " + decoder.error().detail;
  }
}

void DecodedContent::append(std::span<const char> piece) {
  any_ = any_ || !piece.empty();
  if (failure_) return;
  if (!decoder_) return content_->append(piece);
  if (auto ok = decoder_->push(piece); !ok) failure_ = std::move(ok).error();
}

void DecodedContent::finish(storage::ComparedResponse& response) && {
  // A response without a body may name the coding it would have had.
  if (any_ && decoder_ && !failure_) {
    if (auto ok = decoder_->finish(); !ok) failure_ = std::move(ok).error();
  }
  response.note = note_;
  if (failure_) {
    response.failure = "content-coding: " + failure_->detail;
    return;
  }
  content_->finish();
  response.body = std::move(*content_);
}

}  // namespace tapedeck::cli
