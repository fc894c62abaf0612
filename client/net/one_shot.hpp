#pragma once

#include <optional>
#include <utility>

#include <asio/async_result.hpp>

#include "client/net/types.hpp"

namespace tapedeck::net {

/// A value that is delivered once and that one coroutine waits for, on one thread. May be used
/// again after the value was taken. Delivering resumes the waiter at once, inside deliver().
template <class T>
class OneShot {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  /// False when a value already waits to be taken; it stays.
  bool deliver(T value) {
    if (value_) return false;
    value_.emplace(std::move(value));
    if (waiter_) {
      Handler waiter = std::move(*waiter_);
      waiter_.reset();
      std::move(waiter)();
    }
    return true;
  }

  bool ready() const noexcept { return value_.has_value(); }

  /// Precondition: no other coroutine waits.
  Awaitable<T> take() {
    if (!value_) {
      co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(Park{this},
                                                                                   kUseAwaitable);
    }
    T value = std::move(*value_);
    value_.reset();
    co_return value;
  }

 private:
  using Handler =
      typename asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;
  struct Park {
    OneShot* self;
    void operator()(Handler handler) { self->waiter_.emplace(std::move(handler)); }
  };

  std::optional<T> value_;
  std::optional<Handler> waiter_;
};

}  // namespace tapedeck::net
