#include "client/content_decoder.hpp"

#include <algorithm>
#include <array>
#include <brotli/decode.h>
#include <new>
#include <zlib.h>
#include <zstd.h>

#include "client/http/error.hpp"
#include "client/http/fields.hpp"
#include "client/http/grammar.hpp"

namespace tapedeck::client {
namespace {

Failure bad(std::string detail) {
  return Failure{http::Error::bad_content_coding, Stage::receive, Blame::remote, std::move(detail)};
}

Failure bomb(std::string detail) {
  return Failure{http::Error::content_too_large, Stage::receive, Blame::remote, std::move(detail)};
}

constexpr std::uint64_t kRatioGrace = 1 << 20;

}  // namespace

/// One coding. Subclasses turn input into output; this one counts both.
class ContentDecoder::Layer {
 public:
  /// `received` counts what the whole decoder was given: a bomb in layers is one bomb.
  Layer(const Limits& limits, std::shared_ptr<const std::uint64_t> received)
      : limits_(limits), received_(std::move(received)) {}
  virtual ~Layer() = default;

  Result<void> push(std::span<const char> in, const Sink& sink) {
    started_ = started_ || !in.empty();
    return decode(in, sink);
  }
  /// True when the coded stream has reached its end.
  virtual bool ended() const = 0;
  bool started() const noexcept { return started_; }

 protected:
  virtual Result<void> decode(std::span<const char> in, const Sink& sink) = 0;

  Result<void> emit(std::size_t size, const Sink& sink) {
    out_ += size;
    if (out_ > limits_.max_output) {
      return bomb("more than " + std::to_string(limits_.max_output) + " bytes decoded");
    }
    if (out_ > kRatioGrace && out_ / std::max<std::uint64_t>(*received_, 1) > limits_.max_ratio) {
      return bomb("more than " + std::to_string(limits_.max_ratio) +
                  " bytes decoded for each received");
    }
    if (size > 0) sink({buffer_.data(), size});
    return {};
  }

  std::array<char, 16 * 1024> buffer_;

 private:
  Limits limits_;
  std::shared_ptr<const std::uint64_t> received_;
  std::uint64_t out_ = 0;
  bool started_ = false;
};

namespace {

using Received = std::shared_ptr<const std::uint64_t>;

/// gzip, and deflate: by the RFC a zlib stream, by some servers a bare one.
class ZlibLayer final : public ContentDecoder::Layer {
 public:
  ZlibLayer(const ContentDecoder::Limits& limits, Received received, bool gzip)
      : Layer(limits, std::move(received)), gzip_(gzip) {
    open(gzip ? 16 + MAX_WBITS : MAX_WBITS);
  }
  ~ZlibLayer() override { inflateEnd(&stream_); }
  bool ended() const override { return ended_; }

 protected:
  Result<void> decode(std::span<const char> in, const ContentDecoder::Sink& sink) override {
    if (!gzip_ && !first_seen_ && !in.empty()) {
      first_seen_ = true;
      if ((in.front() & 0x0f) != Z_DEFLATED) {
        inflateEnd(&stream_);
        open(-MAX_WBITS);
      }
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    do {
      if (ended_) {
        if (stream_.avail_in == 0) break;
        // RFC 1952 section 2.2: a gzip file may have several members.
        if (!gzip_) return bad("bytes after the end of a deflate stream");
        inflateReset(&stream_);
        ended_ = false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return bad(gzip_ ? "not gzip" : "not deflate");
      }
      if (auto ok = emit(buffer_.size() - stream_.avail_out, sink); !ok) return ok;
      ended_ = code == Z_STREAM_END;
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return {};
  }

 private:
  void open(int window_bits) {
    stream_ = {};
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
  }

  z_stream stream_{};
  bool gzip_;
  bool first_seen_ = false;
  bool ended_ = false;
};

class BrotliLayer final : public ContentDecoder::Layer {
 public:
  BrotliLayer(const ContentDecoder::Limits& limits, Received received)
      : Layer(limits, std::move(received)),
        state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
  }
  ~BrotliLayer() override { BrotliDecoderDestroyInstance(state_); }
  BrotliLayer(const BrotliLayer&) = delete;
  BrotliLayer& operator=(const BrotliLayer&) = delete;
  bool ended() const override { return BrotliDecoderIsFinished(state_) == BROTLI_TRUE; }

 protected:
  Result<void> decode(std::span<const char> in, const ContentDecoder::Sink& sink) override {
    auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t left = in.size();
    while (true) {
      auto* next_out = reinterpret_cast<std::uint8_t*>(buffer_.data());
      std::size_t room = buffer_.size();
      const auto result =
          BrotliDecoderDecompressStream(state_, &left, &next_in, &room, &next_out, nullptr);
      if (result == BROTLI_DECODER_RESULT_ERROR) return bad("not brotli");
      if (auto ok = emit(buffer_.size() - room, sink); !ok) return ok;
      if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) continue;
      if (result == BROTLI_DECODER_RESULT_SUCCESS && left > 0) {
        return bad("bytes after the end of a brotli stream");
      }
      return {};
    }
  }

 private:
  BrotliDecoderState* state_;
};

class ZstdLayer final : public ContentDecoder::Layer {
 public:
  ZstdLayer(const ContentDecoder::Limits& limits, Received received)
      : Layer(limits, std::move(received)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    // RFC 9659: a window of at most 8 MiB.
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 23);
  }
  ~ZstdLayer() override { ZSTD_freeDStream(stream_); }
  ZstdLayer(const ZstdLayer&) = delete;
  ZstdLayer& operator=(const ZstdLayer&) = delete;
  bool ended() const override { return ended_; }

 protected:
  Result<void> decode(std::span<const char> in, const ContentDecoder::Sink& sink) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    bool full = false;
    while (input.pos < input.size || full) {
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
      const std::size_t code = ZSTD_decompressStream(stream_, &output, &input);
      if (ZSTD_isError(code) != 0) return bad("not zstd");
      if (auto ok = emit(output.pos, sink); !ok) return ok;
      ended_ = code == 0;
      full = output.pos == output.size && !ended_;
    }
    return {};
  }

 private:
  ZSTD_DStream* stream_;
  bool ended_ = false;
};

std::unique_ptr<ContentDecoder::Layer> make_layer(std::string_view coding,
                                                  const ContentDecoder::Limits& limits,
                                                  const Received& received) {
  if (http::iequals(coding, "gzip") || http::iequals(coding, "x-gzip")) {
    return std::make_unique<ZlibLayer>(limits, received, true);
  }
  if (http::iequals(coding, "deflate")) return std::make_unique<ZlibLayer>(limits, received, false);
  if (http::iequals(coding, "br")) return std::make_unique<BrotliLayer>(limits, received);
  if (http::iequals(coding, "zstd")) return std::make_unique<ZstdLayer>(limits, received);
  return nullptr;
}

}  // namespace

ContentDecoder::ContentDecoder(Sink sink) : sink_(std::move(sink)) {}
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;
ContentDecoder::~ContentDecoder() = default;

Result<ContentDecoder> ContentDecoder::create(std::string_view content_encoding, Limits limits,
                                              Sink sink) {
  ContentDecoder decoder(std::move(sink));
  std::string unknown;
  http::for_each_element(content_encoding, [&](std::string_view coding) {
    if (http::iequals(coding, "identity")) return;
    auto layer = make_layer(coding, limits, decoder.received_);
    if (!layer && unknown.empty()) unknown = coding;
    // Applied in the order listed, so undone in the other.
    decoder.layers_.insert(decoder.layers_.begin(), std::move(layer));
  });
  if (!unknown.empty()) return bad("unknown coding " + unknown);
  if (decoder.layers_.size() > limits.max_layers) return bomb("too many codings");
  return decoder;
}

Result<void> ContentDecoder::push(std::span<const char> piece) {
  *received_ += piece.size();
  return run(0, piece);
}

Result<void> ContentDecoder::run(std::size_t layer, std::span<const char> piece) {
  if (layer == layers_.size()) {
    sink_(piece);
    return {};
  }
  Result<void> inner;
  auto outer = layers_[layer]->push(piece, [&](std::span<const char> decoded) {
    if (inner) inner = run(layer + 1, decoded);
  });
  return inner ? std::move(outer) : std::move(inner);
}

Result<void> ContentDecoder::finish() {
  for (const auto& layer : layers_) {
    if (layer->started() && !layer->ended()) return bad("the coded body is cut short");
  }
  return {};
}

}  // namespace tapedeck::client
