#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace tapedeck::net {

/// A coroutine that has run to its end when the call returns: what Awaitable is where waiting
/// blocks the thread. Code written once against either is asynchronous or blocking.
template <class T>
class [[nodiscard]] Now {
 public:
  struct promise_type {
    std::optional<T> value = {};
    std::exception_ptr thrown = {};

    Now get_return_object() { return Now(Handle::from_promise(*this)); }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    template <class U>
    void return_value(U&& returned) {
      value.emplace(std::forward<U>(returned));
    }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
  };

  Now(Now&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Now& operator=(Now&&) = delete;
  ~Now() {
    if (coroutine_) coroutine_.destroy();
  }

  /// What the coroutine returned, once; what it threw is thrown here.
  T get() {
    if (coroutine_.promise().thrown) std::rethrow_exception(coroutine_.promise().thrown);
    return *std::move(coroutine_.promise().value);
  }

  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  T await_resume() { return get(); }

 private:
  using Handle = std::coroutine_handle<promise_type>;
  explicit Now(Handle coroutine) : coroutine_(coroutine) {}
  Handle coroutine_;
};

}  // namespace tapedeck::net
